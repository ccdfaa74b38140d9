const { handle, passport } = require('../../passport.js');

Page({
  data: { user: null, steps: null },

  async onLoad() {
    await this.show(() => passport.getUser());
  },

  /** The picture that was chosen is a file of the phone; the server keeps a copy. */
  async chooseAvatar(event) {
    await this.show(() => passport.uploadAvatar(event.detail.avatarUrl));
  },

  async changeNickname(event) {
    await this.show(() => passport.updateUser({ nickname: event.detail.value }));
  },

  /** What WeChat encrypts is opened on the server: the session_key never leaves it. */
  async countSteps() {
    try {
      const sealed = await wx.getWeRunData();
      const { stepInfoList } = await passport.decrypt(sealed);
      this.setData({ steps: stepInfoList[stepInfoList.length - 1].step });
    } catch (error) {
      await handle(error);
    }
  },

  async signOut() {
    await passport.signOut();
  },

  async show(change) {
    try {
      this.setData({ user: await change() });
    } catch (error) {
      await handle(error);
    }
  },
});
