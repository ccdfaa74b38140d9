import { randomBytes } from 'node:crypto';
import type { WechatApp } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { isText, type WechatParameters } from '../wechat-answer.js';

// api_component_token: two hours.
const TTL_MS = 7200 * 1000;

interface ComponentTokens {
  token: string;
  expiresAt: number;
  /** Tokens that were good once; WeChat tells them from those it never gave. */
  readonly former: Set<string>;
}

/** The third-party platforms that run apps of the sandbox, and their component_access_tokens. */
export class SandboxComponents {
  private readonly byAppId = new Map<string, ComponentTokens>();

  constructor(private readonly apps: readonly WechatApp[]) {
    for (const { component } of apps) {
      if (component) this.byAppId.set(component.appId, { token: '', expiresAt: -Infinity, former: new Set() });
    }
  }

  /**
   * Gives the platform's token, a new one when the old one has expired.
   *
   * @throws AppError NOT_FOUND
   */
  token(componentAppId: string, now: number): { component_access_token: string; expires_in: number } {
    const tokens = this.byAppId.get(componentAppId);
    if (!tokens) throw new AppError('NOT_FOUND');
    if (now >= tokens.expiresAt) {
      tokens.former.add(tokens.token);
      tokens.token = `80_${randomBytes(102).toString('base64url')}`;
      tokens.expiresAt = now + TTL_MS;
    }
    return { component_access_token: tokens.token, expires_in: Math.floor((tokens.expiresAt - now) / 1000) };
  }

  /** Finds the app for which the parameters prove to speak, or the errcode that says why not. */
  authenticate(parameters: WechatParameters, now: number): WechatApp | number {
    const { appid, component_appid, component_access_token: token } = parameters;
    if (!isText(appid)) return 41002;
    if (!isText(token)) return 41021;
    const tokens = isText(component_appid) ? this.byAppId.get(component_appid) : undefined;
    if (!tokens) return 40013;
    if (tokens.former.has(token)) return 42001;
    if (tokens.token !== token) return 40001;
    if (now >= tokens.expiresAt) return 42001;
    const app = this.apps.find((one) => one.appId === appid);
    if (!app) return 40013;
    return app.component?.appId === component_appid ? app : 61003;
  }
}
