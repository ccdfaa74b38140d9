import { Injectable } from '@nestjs/common';
import type { WechatApp } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { errorOf } from './errcodes.js';
import type { AccessToken } from './shared-access-tokens.js';
import { secretOf } from './wechat-apps.js';
import { WechatHttp } from './wechat-http.js';

// WeChat asks for room for 512 characters; what goes into a URL has no spaces.
const TOKEN = /^[\x21-\x7e]{1,512}$/;

/** Asks WeChat for access_tokens, in the two modes of `stable_token`. */
@Injectable()
export class StableTokens {
  constructor(private readonly http: WechatHttp) {}

  /**
   * The token that WeChat has for this app. In normal mode it is the same until 5 minutes before its end, whoever asks;
   * a forced renewal kills it and makes another, 20 times a day and 30 seconds apart.
   *
   * Source: developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken
   *
   * @throws AppError WECHAT_UNAVAILABLE, WECHAT_RATE_LIMITED, WECHAT_MISCONFIGURED
   */
  async fetch(app: WechatApp, mode: 'normal' | 'forced'): Promise<AccessToken> {
    const began = performance.now();
    const { errcode, fields } = await this.http.send({
      api: 'stable_token',
      appId: app.appId,
      path: '/cgi-bin/stable_token',
      query: {},
      body: {
        grant_type: 'client_credential',
        appid: app.appId,
        secret: secretOf(app),
        force_refresh: mode === 'forced',
      },
    });
    const context = { api: 'stable_token', appId: app.appId, errcode };
    if (errcode !== 0) throw new AppError(errorOf('stable_token', errcode), { context });
    const { access_token: value, expires_in: expiresIn } = fields;
    if (typeof value !== 'string' || !TOKEN.test(value) || typeof expiresIn !== 'number' || !(expiresIn > 0)) {
      throw new AppError('WECHAT_UNAVAILABLE', { context: { ...context, reason: 'incomplete answer' } });
    }
    // Counted from before the call, so that what is left is never overstated.
    return { value, secondsLeft: expiresIn - (performance.now() - began) / 1000 };
  }
}
