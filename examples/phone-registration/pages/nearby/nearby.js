const { passport } = require('../../passport.js');

const WHY = { title: 'Your location', content: 'Without it we cannot show the shops near you.' };
const LOCATION_OFF = {
  title: 'Location is off',
  content: 'Switch it on in the settings of your phone.',
  showCancel: false,
};

const explain = async () => (await wx.showModal(WHY)).confirm;

Page({
  data: { place: null },

  /**
   * Asks where the phone is. Somebody who said no before is told why it matters, and led to the settings; somebody whose
   * phone has its location switched off is told so. Whoever does not want to goes home.
   */
  async onLoad() {
    try {
      const { latitude, longitude } = await passport.getLocation({ explain });
      this.setData({ place: { latitude, longitude } });
    } catch (error) {
      if (error.code === 'LOCATION_OFF') await wx.showModal(LOCATION_OFF);
      await wx.reLaunch({ url: '/pages/index/index' });
    }
  },
});
