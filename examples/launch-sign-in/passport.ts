import { createClient } from 'wechat-passport-client';

/**
 * Signs in by itself as the app is launched, unless a session is kept from the last time.
 *
 * There is no appid and no secret here: the server knows them, and the phone sends the code of `wx.login` alone.
 */
export const passport = createClient({
  platform: wx,
  baseURL: 'http://127.0.0.1:3000',
  // The header that the app's back ends have always read.
  carrier: 'authentication',
});
