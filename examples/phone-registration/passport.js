const { createClient } = require('wechat-passport-client');

const BASE_URL = {
  develop: 'http://127.0.0.1:3000',
  trial: 'https://passport.example.com',
  release: 'https://passport.example.com',
};

/** Signs in, keeps the tokens and renews them; the pages know of no token. */
exports.passport = createClient({ platform: wx, baseURL: BASE_URL, autoLogin: false });

/** What a page does with an error: the login page where nobody is signed in, otherwise words. */
exports.handle = (error) => {
  if (error.code === 'SIGN_IN_REQUIRED') return wx.reLaunch({ url: '/pages/login/login' });
  return wx.showToast({ title: error.message, icon: 'none' });
};
