const { passport } = require('../../passport.js');

Page({
  data: { message: '' },

  /**
   * The ordinary sign-in. The ticket of the sign-in that found nobody goes along and binds the person of this WeChat to the
   * account, so that the next time needs no password.
   */
  async signIn(event) {
    try {
      const { username, password } = event.detail.value;
      await passport.signInWithPassword({ username, password });
      await wx.navigateBack();
    } catch (error) {
      this.setData({ message: error.message });
    }
  },
});
