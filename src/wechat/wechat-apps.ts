import { Injectable } from '@nestjs/common';
import { WechatSettings, type WechatApp } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';

/** The configured mini-programs. */
@Injectable()
export class WechatApps {
  private readonly byId: ReadonlyMap<string, WechatApp>;
  private readonly first: WechatApp;

  constructor(settings: WechatSettings) {
    this.byId = new Map(settings.apps.map((app) => [app.appId, app]));
    this.first = settings.apps[0]!;
  }

  /**
   * The app of this id, or the first one when no id is given.
   *
   * @throws AppError WECHAT_APP_UNKNOWN
   */
  get(appId: string | undefined): WechatApp {
    if (appId === undefined) return this.first;
    const app = this.byId.get(appId);
    if (!app) throw new AppError('WECHAT_APP_UNKNOWN');
    return app;
  }
}
