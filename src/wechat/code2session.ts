import { Injectable } from '@nestjs/common';
import type { WechatApp } from '../config/settings.js';
import { ComponentLogin } from './component/component-login.js';
import { secretOf } from './wechat-apps.js';
import type { WechatAnswer } from './wechat-call.js';
import { WechatHttp } from './wechat-http.js';

/** Asks WeChat whose code of `wx.login` it is, in the way that fits the app. */
@Injectable()
export class Code2Session {
  constructor(
    private readonly http: WechatHttp,
    private readonly componentLogin: ComponentLogin,
  ) {}

  /**
   * Gives WeChat's answer, an errcode or `openid`, `session_key` and perhaps `unionid`. The code is spent then.
   *
   * @throws AppError WECHAT_UNAVAILABLE, WECHAT_MISCONFIGURED
   */
  ask(app: WechatApp, code: string): Promise<WechatAnswer> {
    if (app.component) return this.componentLogin.code2Session(app.appId, app.component, code);
    return this.http.send({
      api: 'code2session',
      appId: app.appId,
      path: '/sns/jscode2session',
      query: { appid: app.appId, secret: secretOf(app), js_code: code, grant_type: 'authorization_code' },
      oneTime: true,
    });
  }
}
