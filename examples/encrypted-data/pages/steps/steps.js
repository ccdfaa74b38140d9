const { attempt, passport } = require('../../passport.js');

/** The first way to handle encrypted data: the page sees to it, as it loads, that what the person gives will be readable. */
Page({
  data: { steps: null },

  /** Signs in whoever is not signed in, and renews the session_key where WeChat has dropped it. */
  onLoad() {
    return attempt(() => passport.prepareDecrypt());
  },

  /** Authorising is another thing than signing in: only now the person is asked, and only for this. */
  countSteps() {
    return attempt(async () => {
      await passport.ensureScope('werun');
      const { stepInfoList } = await passport.decrypt(await wx.getWeRunData());
      this.setData({ steps: stepInfoList[stepInfoList.length - 1].step });
    });
  },
});
