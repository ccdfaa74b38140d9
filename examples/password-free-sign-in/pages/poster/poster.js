const { passport } = require('../../passport.js');

const WHY = { title: 'Your album', content: 'We need it to save the poster there.' };

const explain = async () => (await wx.showModal(WHY)).confirm;

Page({
  data: { message: '' },

  /** Once denied, `wx.authorize` fails without asking again: only the settings can bring the permission back. */
  async save() {
    try {
      await passport.ensureScope('writePhotosAlbum', { explain });
      await wx.saveImageToPhotosAlbum({ filePath: '/poster.png' });
      this.setData({ message: 'Saved' });
    } catch (error) {
      this.setData({ message: error.code === 'SCOPE_DENIED' ? 'Not saved' : error.message });
    }
  },
});
