import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from 'pino';
import { WechatSettings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { LOGGER } from '../../logging/logging.module.js';
import { decodeAesKey } from './decrypt-push.js';

/** What it takes to believe a push for an app. */
export interface PushApp {
  readonly appId: string;
  readonly token: string;
  /** null: the app's pushes come in plain mode. */
  readonly aesKey: Buffer | null;
}

/** The apps that WeChat may push for. */
@Injectable()
export class PushApps implements OnApplicationBootstrap {
  private readonly byId: ReadonlyMap<string, PushApp | null>;

  constructor(
    settings: WechatSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.byId = new Map(
      settings.apps.map(({ appId, pushToken, pushAesKey }) => [
        appId,
        pushToken ? { appId, token: pushToken, aesKey: pushAesKey ? decodeAesKey(pushAesKey) : null } : null,
      ]),
    );
  }

  onApplicationBootstrap(): void {
    for (const app of this.byId.values()) {
      if (!app || app.aesKey) continue;
      this.logger.warn(
        { appId: app.appId },
        'pushAesKey is not set: pushes that oblige to delete data are not obeyed; choose secure mode in the WeChat console',
      );
    }
  }

  /** @throws AppError WECHAT_APP_UNKNOWN; FORBIDDEN - the app has no `pushToken`, so nothing can prove a push for it */
  get(appId: string): PushApp {
    const app = this.byId.get(appId);
    if (app === undefined) throw new AppError('WECHAT_APP_UNKNOWN');
    if (app === null) throw new AppError('FORBIDDEN', { context: { appId, reason: 'no pushToken' } });
    return app;
  }
}
