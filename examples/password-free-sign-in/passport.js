const { createClient } = require('wechat-passport-client');

/**
 * Sends the access token as `sid`.
 *
 * With `transport: cookieTransport(wx)` of cookie-transport.js it is a cookie instead.
 */
exports.passport = createClient({ platform: wx, baseURL: 'http://127.0.0.1:3000', carrier: 'sid', autoLogin: false });
