const { createClient } = require('wechat-passport-client');

/** Signs in when the first page asks for something that needs it: signing in asks the person for nothing. */
exports.passport = createClient({ platform: wx, baseURL: 'http://127.0.0.1:3000', autoLogin: false });

/** Does something, and says what went wrong. */
exports.attempt = (work) =>
  work().catch(({ code, message }) => {
    wx.showToast({ title: code === 'TAP_AGAIN' ? 'Please tap once more' : message, icon: 'none' });
  });
