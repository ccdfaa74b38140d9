import { Injectable } from '@nestjs/common';
import { WechatSettings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { AppGate, type GatePass } from './app-gate.js';

/** A gate for every configured app, so that trouble of one keeps no other from WeChat. */
@Injectable()
export class AppGates {
  private readonly byApp: ReadonlyMap<string, AppGate>;

  constructor(settings: WechatSettings) {
    this.byApp = new Map(settings.apps.map(({ appId }) => [appId, new AppGate(appId)]));
  }

  /** @throws AppError WECHAT_APP_UNKNOWN, WECHAT_UNAVAILABLE */
  enter(appId: string): GatePass {
    const gate = this.byApp.get(appId);
    if (!gate) throw new AppError('WECHAT_APP_UNKNOWN');
    return gate.enter();
  }
}
