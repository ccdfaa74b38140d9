import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { WechatApp } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';
import { Code2Session } from './code2session.js';
import { errorOf } from './errcodes.js';
import { SessionKeysRepository } from './session-keys.repository.js';
import { WechatApps } from './wechat-apps.js';
import type { WechatAnswer } from './wechat-call.js';

/** Who WeChat says is holding the phone. */
export interface VerifiedIdentity {
  readonly appId: string;
  readonly openid: string;
  /** Only for an app that is bound to an Open Platform account here, and only if WeChat named one. */
  readonly union: { readonly openPlatform: string; readonly unionid: string } | null;
}

// What PostgreSQL and a log line can carry; WeChat's own ids are 28 characters.
const OPAQUE_ID = /^[\x21-\x7e]{1,128}$/;

/** Exchanges codes of `wx.login` for the identity behind them. */
@Injectable()
export class WechatLogin {
  private readonly inFlight = new Map<string, Promise<VerifiedIdentity>>();
  private readonly warnedApps = new Set<string>();

  constructor(
    private readonly apps: WechatApps,
    private readonly code2Session: Code2Session,
    private readonly sessionKeys: SessionKeysRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Asks WeChat whose code this is (code2Session).
   *
   * A code goes upstream once: calls with the same code that overlap share one answer, later ones get WeChat's verdict.
   * Nothing is kept of a code after the call; the session_key goes into the vault.
   *
   * @throws AppError WECHAT_APP_UNKNOWN, WECHAT_CODE_REJECTED, WECHAT_USER_BLOCKED, WECHAT_RATE_LIMITED,
   *   WECHAT_UNAVAILABLE, WECHAT_MISCONFIGURED, SERVICE_UNAVAILABLE
   */
  async exchange(code: string, appId?: string): Promise<VerifiedIdentity> {
    const app = this.apps.get(appId);
    const flight = `${app.appId} ${code}`;
    const running = this.inFlight.get(flight);
    if (running) return running;

    const exchange = this.identify(app, code).finally(() => this.inFlight.delete(flight));
    this.inFlight.set(flight, exchange);
    return exchange;
  }

  private async identify(app: WechatApp, code: string): Promise<VerifiedIdentity> {
    const calledAt = new Date();
    const answer = await this.code2Session.ask(app, code);
    if (answer.errcode !== 0) throw this.refusal(app, answer.errcode);
    return this.identityOf(app, answer, calledAt);
  }

  private async identityOf(app: WechatApp, { fields }: WechatAnswer, calledAt: Date): Promise<VerifiedIdentity> {
    const { openid, session_key: sessionKey, unionid } = fields;
    // Success is an openid and a session_key; a body without them is no answer of WeChat's.
    if (!isOpaqueId(openid) || typeof sessionKey !== 'string' || sessionKey === '') {
      throw new AppError('WECHAT_UNAVAILABLE', { context: { api: 'code2session', reason: 'incomplete answer' } });
    }
    await this.sessionKeys.keep({ appId: app.appId, openid }, sessionKey, calledAt);
    return { appId: app.appId, openid, union: this.unionOf(app, unionid) };
  }

  /** A unionid means something only within a known Open Platform account. */
  private unionOf(app: WechatApp, unionid: unknown): VerifiedIdentity['union'] {
    if (!isOpaqueId(unionid)) return null;
    if (app.openPlatform) return { openPlatform: app.openPlatform, unionid };
    if (!this.warnedApps.has(app.appId)) {
      this.warnedApps.add(app.appId);
      this.logger.warn(
        { appId: app.appId },
        'WeChat sent a unionid; name the Open Platform account in WECHAT_APPS to use it',
      );
    }
    return null;
  }

  private refusal(app: WechatApp, errcode: number): AppError {
    const code = errorOf('code2session', errcode);
    const context = { api: 'code2session', appId: app.appId, errcode };
    if (code === 'WECHAT_MISCONFIGURED') this.logger.error(context, 'WeChat refuses this server');
    return new AppError(code, { context });
  }
}

function isOpaqueId(value: unknown): value is string {
  return typeof value === 'string' && OPAQUE_ID.test(value);
}
