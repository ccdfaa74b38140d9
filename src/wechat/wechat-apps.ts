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

/**
 * The AppSecret, which every call needs that WeChat answers to the app itself: its access_token to begin with.
 *
 * @throws AppError WECHAT_MISCONFIGURED - the app belongs to a third-party platform, whose authorizer tokens are not managed here
 */
export function secretOf({ appId, secret }: WechatApp): string {
  if (secret !== undefined) return secret;
  const reason = 'an app of a third-party platform has no AppSecret here: only its users can sign in';
  throw new AppError('WECHAT_MISCONFIGURED', { context: { appId, reason } });
}
