const { passport } = require('./passport.js');

App({
  onLaunch() {
    // The person has signed out, or the session has ended and WeChat alone cannot begin another.
    passport.onAuthStateChange((event) => {
      if (event === 'SIGNED_OUT') wx.reLaunch({ url: '/pages/login/login' });
    });
  },
});
