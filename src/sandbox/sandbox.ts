import type { WechatApp } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { CallLog, type SandboxCall } from './call-log.js';
import { Faults, type FaultInForce, type FaultOrder, type SpoiledAnswer } from './faults.js';
import { CODE_TTL_SECONDS, LoginCodes } from './login-codes.js';
import { SandboxUsers, newSessionKey, openidOf, unionidOf, type UserTraits } from './sandbox-users.js';
import { StableTokens } from './stable-tokens.js';
import { answerWithErrcode, type SandboxApi, type WechatAnswer, type WechatParameters } from './wechat-answer.js';

/** What WeChat says to a call, and what goes wrong on the way back. */
export interface WechatOutcome {
  readonly answer: WechatAnswer;
  readonly spoiled: SpoiledAnswer | null;
}

/**
 * A WeChat that fits in memory: its users, their phones, and the server API that a mini-program's back end calls.
 *
 * Knows nothing of HTTP. State is lost at a restart, but openids and unionids come back the same.
 */
export class Sandbox {
  private readonly apps: ReadonlyMap<string, WechatApp>;
  private readonly openPlatforms = new Map<string, string>();
  private readonly users = new SandboxUsers();
  private readonly codes = new LoginCodes();
  private readonly tokens = new StableTokens();
  private readonly faults = new Faults();
  private readonly log = new CallLog();
  private advancedMs = 0;

  /** @param clock milliseconds since 1970, as `Date.now` gives them */
  constructor(
    apps: readonly WechatApp[],
    private readonly clock: () => number = Date.now,
  ) {
    this.apps = new Map(apps.map((app) => [app.appId, app]));
    for (const { appId, openPlatform } of apps) if (openPlatform) this.openPlatforms.set(appId, openPlatform);
  }

  /** The sandbox's own time, in milliseconds since 1970. */
  now(): number {
    return this.clock() + this.advancedMs;
  }

  /** Moves the sandbox's clock forward, so that codes and tokens expire without waiting. */
  advance(seconds: number): void {
    this.advancedMs += seconds * 1000;
  }

  /** Makes a user, or changes the one who has that id. Whoever is made again with the same id is the same person. */
  createUser(traits: UserTraits = {}): { id: string; openids: Record<string, string> } {
    const { id } = this.users.create(traits);
    const openids = [...this.apps.keys()].map((appId) => [appId, openidOf(appId, id)] as const);
    return { id, openids: Object.fromEntries(openids) };
  }

  /**
   * Plays `wx.login` on the user's phone: a fresh code, and a new session_key for this user and app.
   *
   * An unknown user is made. Without an `appId` the first app is meant.
   *
   * @throws AppError WECHAT_APP_UNKNOWN
   */
  wxLogin(userId: string, appId?: string): { code: string; expiresIn: number } {
    const app = this.getApp(appId ?? [...this.apps.keys()][0]);
    const user = this.users.create({ id: userId });
    user.sessionKeys.set(app.appId, newSessionKey());
    return { code: this.codes.mint(app.appId, user, this.now()), expiresIn: CODE_TTL_SECONDS };
  }

  /** The session_key that counts at this moment. null before the user's first `wx.login` in the app. */
  sessionKey(userId: string, appId: string): string | null {
    return this.users.find(userId)?.sessionKeys.get(appId) ?? null;
  }

  /**
   * Binds an app to an Open Platform account, or unbinds it with null. From then on its users have that account's unionid.
   *
   * @throws AppError WECHAT_APP_UNKNOWN
   */
  bindApp(appId: string, openPlatform: string | null): void {
    this.getApp(appId);
    if (openPlatform === null) this.openPlatforms.delete(appId);
    else this.openPlatforms.set(appId, openPlatform);
  }

  /** Makes something go wrong with the next calls. */
  fail(order: FaultOrder): void {
    this.faults.add(order);
  }

  faultsInForce(): FaultInForce[] {
    return this.faults.inForce();
  }

  clearFaults(): void {
    this.faults.clear();
  }

  /** The calls that arrived, oldest first; at most the last 10,000. */
  calls(api?: SandboxApi): SandboxCall[] {
    return this.log.list(api);
  }

  clearCalls(): void {
    this.log.clear();
  }

  /** Carries out a call of WeChat's server API. Never throws: whatever is wrong with the parameters is an errcode. */
  call(api: SandboxApi, parameters: WechatParameters): WechatOutcome {
    const fault = this.faults.take(api);
    const refused = fault?.kind === 'errcode';
    const answer = refused ? answerWithErrcode(fault.errcode) : this.answer(api, parameters);
    const { appid } = parameters;
    this.log.add({
      api,
      // Only a name we know: callers that mix up their parameters would have their secret logged.
      appId: typeof appid === 'string' && this.apps.has(appid) ? appid : null,
      at: new Date(this.now()).toISOString(),
      errcode: answer.errcode ?? 0,
    });
    return { answer, spoiled: refused ? null : fault };
  }

  private answer(api: SandboxApi, parameters: WechatParameters): WechatAnswer {
    const app = this.authenticate(parameters);
    if (typeof app === 'number') return answerWithErrcode(app);
    switch (api) {
      case 'jscode2session':
        return this.code2Session(app, parameters);
      case 'stable_token':
        return this.stableToken(app, parameters);
    }
  }

  /** Finds the app that the parameters prove to be, or the errcode that says why not. */
  private authenticate({ appid, secret }: WechatParameters): WechatApp | number {
    if (!isText(appid)) return 41002;
    if (!isText(secret)) return 41004;
    const app = this.apps.get(appid);
    if (!app) return 40013;
    return app.secret === secret ? app : 40125;
  }

  private code2Session(app: WechatApp, { grant_type, js_code }: WechatParameters): WechatAnswer {
    if (grant_type !== 'authorization_code') return answerWithErrcode(40002);
    if (!isText(js_code)) return answerWithErrcode(41008);
    const spent = this.codes.spend(js_code, app.appId, this.now());
    if (spent.outcome !== 'accepted') return answerWithErrcode(spent.outcome === 'used' ? 40163 : 40029);
    const { user } = spent;
    if (user.blocked) return answerWithErrcode(40226);
    const openPlatform = this.openPlatforms.get(app.appId);
    return {
      // The newest, even for an older code: wx.login replaces the key, code2Session only reads it.
      session_key: user.sessionKeys.get(app.appId),
      openid: openidOf(app.appId, user.id),
      ...(openPlatform && user.unionid ? { unionid: unionidOf(openPlatform, user.id) } : {}),
    };
  }

  private stableToken(app: WechatApp, { grant_type, force_refresh }: WechatParameters): WechatAnswer {
    if (grant_type !== 'client_credential') return answerWithErrcode(40002);
    const token =
      force_refresh === true
        ? this.tokens.forceRefresh(app.appId, this.now())
        : this.tokens.current(app.appId, this.now());
    if (!token) return answerWithErrcode(45009);
    return { access_token: token.accessToken, expires_in: token.expiresIn };
  }

  private getApp(appId: string | undefined): WechatApp {
    const app = appId === undefined ? undefined : this.apps.get(appId);
    if (!app) throw new AppError('WECHAT_APP_UNKNOWN');
    return app;
  }
}

// A parameter that was sent twice arrives as a list and counts as missing.
function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
