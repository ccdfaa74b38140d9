const { passport, say } = require('../../passport.js');

Page({
  data: { menu: [], orders: [], devices: [] },

  /** The first kind of request needs nobody: it goes at once, without a sign-in. */
  async onLoad() {
    const { data } = await passport.request({ url: '/v1/orders/menu', auth: 'open' });
    this.setData({ menu: data });
  },

  /** The second kind needs somebody: whoever has no token is signed in on the way, and the request goes again. */
  async order(event) {
    try {
      const { item } = event.currentTarget.dataset;
      await passport.request({ url: '/v1/orders', method: 'POST', data: { item }, auth: 'required' });
      const { data } = await passport.request({ url: '/v1/orders' });
      this.setData({ orders: data });
    } catch (error) {
      say(error.message);
    }
  },

  /** A new phone has a session of its own; the old one's goes on until it is signed out. */
  async showDevices() {
    this.setData({ devices: await passport.listSessions() });
  },

  async signOutDevice(event) {
    await passport.revokeSession(event.currentTarget.dataset.id);
    await this.showDevices();
  },
});
