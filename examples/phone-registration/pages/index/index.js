const { handle, passport } = require('../../passport.js');

Page({
  data: { user: null, orders: [] },

  /** Looks whether WeChat's person is known here. Whoever is, is signed in by that; whoever is not, has to register. */
  async onShow() {
    try {
      const { status, user } = await passport.signIn();
      if (status === 'unregistered') return await wx.reLaunch({ url: '/pages/login/login' });
      this.setData({ user });
      await this.showOrders();
    } catch (error) {
      await handle(error);
    }
  },

  async order() {
    try {
      await passport.request({ url: '/v1/orders', method: 'POST', data: { item: 'tea' } });
      await this.showOrders();
    } catch (error) {
      await handle(error);
    }
  },

  /** An expired access token is renewed on the way, and the request repeated; nothing of it is seen here. */
  async showOrders() {
    const { data } = await passport.request({ url: '/v1/orders' });
    this.setData({ orders: data });
  },
});
