const { passport } = require('../../passport.js');

Page({
  data: { user: null, needsLogin: false },

  /** Whoever is bound comes in without a password. Whoever is not sees a button, and nothing else happens. */
  async onShow() {
    try {
      const { status } = await passport.signIn();
      if (status === 'unregistered') return this.setData({ user: null, needsLogin: true });
      this.setData({ user: await passport.getUser(), needsLogin: false });
    } catch (error) {
      this.setData({ user: null, needsLogin: error.remedy === 'ask-user' });
    }
  },
});
