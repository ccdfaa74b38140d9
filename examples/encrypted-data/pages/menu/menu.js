const { attempt, passport } = require('../../passport.js');

Page({
  data: { menu: [], orders: [], devices: [] },

  /** The first kind of request needs nobody: it goes at once, without a sign-in. */
  onLoad() {
    return attempt(async () => {
      const { data } = await passport.request({ url: '/v1/orders/menu', auth: 'open' });
      this.setData({ menu: data });
    });
  },

  /** The second kind needs somebody: whoever has no token is signed in on the way. */
  order(event) {
    return attempt(async () => {
      const { item } = event.currentTarget.dataset;
      await passport.request({ url: '/v1/orders', method: 'POST', data: { item }, auth: 'required' });
      const { data } = await passport.request({ url: '/v1/orders' });
      this.setData({ orders: data });
    });
  },

  /** A new phone has a session of its own; the old one's goes on until it is signed out. */
  showDevices() {
    return attempt(async () => this.setData({ devices: await passport.listSessions() }));
  },

  signOutDevice(event) {
    return attempt(async () => {
      await passport.revokeSession(event.currentTarget.dataset.id);
      this.setData({ devices: await passport.listSessions() });
    });
  },
});
