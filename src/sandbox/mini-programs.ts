import type { WechatApp } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { unionidOf, type SandboxUser } from './sandbox-users.js';

/** The mini-programs that exist in this WeChat, and the Open Platform accounts they are bound to. */
export class MiniPrograms {
  private readonly apps: ReadonlyMap<string, WechatApp>;
  private readonly openPlatforms = new Map<string, string>();

  constructor(apps: readonly WechatApp[]) {
    this.apps = new Map(apps.map((app) => [app.appId, app]));
    for (const { appId, openPlatform } of apps) if (openPlatform) this.openPlatforms.set(appId, openPlatform);
  }

  /** In the order of the settings. */
  appIds(): string[] {
    return [...this.apps.keys()];
  }

  find(appId: string): WechatApp | null {
    return this.apps.get(appId) ?? null;
  }

  /**
   * The app of this name; without a name, the first.
   *
   * @throws AppError WECHAT_APP_UNKNOWN
   */
  get(appId: string | undefined): WechatApp {
    const [first] = this.apps.keys();
    const app = this.apps.get(appId ?? first ?? '');
    if (!app) throw new AppError('WECHAT_APP_UNKNOWN');
    return app;
  }

  /**
   * Binds an app to an Open Platform account, or unbinds it with null.
   *
   * @throws AppError WECHAT_APP_UNKNOWN
   */
  bind(appId: string, openPlatform: string | null): void {
    this.get(appId);
    if (openPlatform === null) this.openPlatforms.delete(appId);
    else this.openPlatforms.set(appId, openPlatform);
  }

  /** The unionid that WeChat tells the app for this user; null if it tells none. */
  unionid(appId: string, user: SandboxUser): string | null {
    const openPlatform = this.openPlatforms.get(appId);
    return openPlatform && user.unionid ? unionidOf(openPlatform, user.id) : null;
  }
}
