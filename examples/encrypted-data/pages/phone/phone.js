const { attempt, passport } = require('../../passport.js');

/** The second way: nothing as the page loads; where a sign-in was needed after the tap, the person taps once more. */
Page({
  data: { phone: null },

  /** The third kind of request carries what WeChat encrypted a moment ago. A sign-in in between makes it unreadable. */
  showPhone(event) {
    return attempt(async () => {
      const { phoneNumber } = await passport.decrypt(event);
      this.setData({ phone: phoneNumber });
    });
  },
});
