const { passport, say } = require('../../passport.js');

/** The second way: nothing as the page loads; where a sign-in was needed after the tap, the person taps once more. */
Page({
  data: { phone: null },

  /** The third kind of request carries what WeChat encrypted a moment ago. A sign-in in between makes it unreadable. */
  async showPhone(event) {
    try {
      const { phoneNumber } = await passport.decrypt(event);
      this.setData({ phone: phoneNumber });
    } catch (error) {
      say(error.code === 'TAP_AGAIN' ? 'Please tap once more' : error.message);
    }
  },
});
