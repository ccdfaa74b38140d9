const { passport } = require('../../passport.js');

Page({
  data: { message: '' },

  /** Signs in or registers whoever has pressed the phone button, with the number that WeChat vouches for. */
  async signIn(event) {
    try {
      await passport.signInWithPhone(event);
      await wx.reLaunch({ url: '/pages/index/index' });
    } catch (error) {
      this.setData({ message: error.message });
    }
  },
});
