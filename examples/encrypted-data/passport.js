const { createClient } = require('wechat-passport-client');

/** Signs in when the first page asks for something that needs it: signing in asks the person for nothing. */
exports.passport = createClient({ platform: wx, baseURL: 'http://127.0.0.1:3000', autoLogin: false });

exports.say = (title) => wx.showToast({ title, icon: 'none' });
