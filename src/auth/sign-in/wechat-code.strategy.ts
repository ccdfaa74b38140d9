import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-custom';
import { WechatLogin, type VerifiedIdentity } from '../../wechat/wechat-login.js';
import type { WechatLoginDto } from './wechat-login.dto.js';

/** Passport's `wechat-code` strategy: proves an identity by a code of `wx.login`. `WechatCodeGuard` has checked the body. */
@Injectable()
export class WechatCodeStrategy extends PassportStrategy(Strategy, 'wechat-code') {
  constructor(private readonly wechatLogin: WechatLogin) {
    super();
  }

  validate(request: { body: WechatLoginDto }): Promise<VerifiedIdentity> {
    const { code, appId } = request.body;
    return this.wechatLogin.exchange(code, appId);
  }
}
