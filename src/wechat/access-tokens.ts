import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { WechatApp } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';
import { FORCED_APART_SECONDS, SharedAccessTokens, type AccessToken } from './shared-access-tokens.js';
import { StableTokens } from './stable-tokens.js';

// WeChat hands out the next token 300 s before the end of this one, and both are good until then. Asking a minute later
// than that is sure to give the next one.
const RENEW_BEFORE_SECONDS = 240;

interface HeldToken {
  readonly value: string;
  /** By the clock of `performance.now`. */
  readonly usableUntil: number;
}

interface Renewal {
  readonly token: Promise<string>;
  /** The refused token it is to replace, if one was. */
  readonly replaces: string | null;
}

/**
 * The access_token of every app: in memory, else from another instance, else from WeChat.
 *
 * One renewal is under way for an app and process at a time, and everybody waits for it. Where instances cannot share, each
 * gets along by itself: in normal mode WeChat tells them all the same token.
 */
@Injectable()
export class AccessTokens {
  private readonly held = new Map<string, HeldToken>();
  private readonly renewals = new Map<string, Renewal>();
  private sharing = true;

  constructor(
    private readonly stableTokens: StableTokens,
    private readonly shared: SharedAccessTokens,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws AppError WECHAT_UNAVAILABLE, WECHAT_RATE_LIMITED, WECHAT_MISCONFIGURED */
  async get(app: WechatApp, deadline: AbortSignal): Promise<string> {
    return this.usable(app) ?? within(deadline, this.renew(app, null));
  }

  /**
   * Another token than this one, which WeChat has refused. Forces a renewal only if WeChat itself goes on handing it out.
   *
   * @throws AppError WECHAT_UNAVAILABLE, WECHAT_RATE_LIMITED, WECHAT_MISCONFIGURED
   */
  async replace(app: WechatApp, refused: string, deadline: AbortSignal): Promise<string> {
    for (;;) {
      const usable = this.usable(app);
      if (usable !== null && usable !== refused) return usable;
      this.held.delete(app.appId);
      const underWay = this.renewals.get(app.appId);
      if (!underWay || underWay.replaces === refused) return within(deadline, this.renew(app, refused));
      // That one began when nobody knew of the refusal yet, and may bring the refused token again.
      await within(
        deadline,
        underWay.token.catch(() => null),
      );
    }
  }

  private usable({ appId }: WechatApp): string | null {
    const held = this.held.get(appId);
    return held && performance.now() < held.usableUntil ? held.value : null;
  }

  private renew(app: WechatApp, replaces: string | null): Promise<string> {
    const underWay = this.renewals.get(app.appId);
    if (underWay) return underWay.token;
    const token = this.obtain(app, replaces).finally(() => this.renewals.delete(app.appId));
    this.renewals.set(app.appId, { token, replaces });
    return token;
  }

  private async obtain(app: WechatApp, refused: string | null): Promise<string> {
    const left = await this.leftByOthers(app, refused);
    if (left) return this.hold(app, left);
    if (refused !== null) await this.share(() => this.shared.drop(app.appId, refused), undefined);

    const fetched = await this.stableTokens.fetch(app, 'normal');
    if (fetched.value !== refused) return this.keep(app, fetched);
    return this.forceRenewal(app, refused);
  }

  private async forceRenewal(app: WechatApp, refused: string): Promise<string> {
    const { appId } = app;
    if (await this.share(() => this.shared.takeForcedRenewal(appId, refused), false)) {
      this.logger.warn({ appId }, 'WeChat refuses the access_token that it hands out; forcing another');
      return this.keep(app, await this.stableTokens.fetch(app, 'forced'));
    }
    // Another instance may have been faster.
    const left = await this.leftByOthers(app, refused);
    if (left) return this.hold(app, left);
    const reason = 'the access_token is refused, and forcing another is not allowed now';
    throw new AppError('WECHAT_UNAVAILABLE', {
      context: { appId, reason },
      retryAfterSeconds: FORCED_APART_SECONDS,
    });
  }

  private async leftByOthers({ appId }: WechatApp, refused: string | null): Promise<AccessToken | null> {
    const left = await this.share(() => this.shared.find(appId), null);
    return left && left.value !== refused && left.secondsLeft > RENEW_BEFORE_SECONDS ? left : null;
  }

  private async keep(app: WechatApp, token: AccessToken): Promise<string> {
    await this.share(() => this.shared.offer(app.appId, token), undefined);
    return this.hold(app, token);
  }

  private hold({ appId }: WechatApp, { value, secondsLeft }: AccessToken): string {
    // WeChat's shortest has 300 s left; should it hand out less one day, then half of it counts.
    const usableSeconds = Math.max(secondsLeft - RENEW_BEFORE_SECONDS, Math.min(secondsLeft, RENEW_BEFORE_SECONDS) / 2);
    this.held.set(appId, { value, usableUntil: performance.now() + usableSeconds * 1000 });
    return value;
  }

  /** Does without the others when they cannot be reached, and says so once. */
  private async share<Result>(exchange: () => Promise<Result>, otherwise: Result): Promise<Result> {
    try {
      const result = await exchange();
      this.sharing = true;
      return result;
    } catch (error) {
      if (this.sharing) this.logger.warn({ err: error }, 'access_tokens are not shared with other instances for now');
      this.sharing = false;
      return otherwise;
    }
  }
}

/** Waits for work that others wait for too, no longer than until the deadline. */
function within<Result>(deadline: AbortSignal, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new AppError('WECHAT_UNAVAILABLE', { context: { reason: 'no access_token in time' } }));
    deadline.addEventListener('abort', stop, { once: true });
    if (deadline.aborted) stop();
    void work.then(resolve, reject).finally(() => deadline.removeEventListener('abort', stop));
  });
}
