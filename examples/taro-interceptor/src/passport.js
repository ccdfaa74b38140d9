import Taro from '@tarojs/taro';
import { createClient } from 'wechat-passport-client';

/** Sends the token in `Authorization` as it is, without "Bearer", as this app's back ends have always read it. */
export const passport = createClient({
  platform: Taro,
  baseURL: 'http://127.0.0.1:3000',
  carrier: 'authorization',
  autoLogin: false,
});
