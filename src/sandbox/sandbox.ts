import type { WechatApp } from '../config/settings.js';
import { CallLog, type SandboxCall } from './call-log.js';
import type { CallQuota } from './call-quotas.js';
import { Faults, type FaultInForce, type FaultOrder, type SpoiledAnswer } from './faults.js';
import { Phones, type PhoneCode } from './phones.js';
import type { RiskyText } from './risky-texts.js';
import { openidOf, type UserTraits } from './sandbox-users.js';
import type { TokenErrcode } from './access-tokens.js';
import {
  answerWithErrcode,
  isText,
  type SandboxApi,
  type WechatAnswer,
  type WechatParameters,
} from './wechat-answer.js';
import { WECHAT_APIS, type WechatApi } from './wechat-apis.js';
import { WechatState } from './wechat-state.js';

/** What WeChat says to a call, and what goes wrong on the way back. */
export interface WechatOutcome {
  readonly answer: WechatAnswer;
  readonly spoiled: SpoiledAnswer | null;
}

/**
 * A WeChat that fits in memory: its users, their phones, and the server API that a mini-program's back end calls.
 *
 * Knows nothing of HTTP. State is lost at a restart, but openids, unionids and phone numbers come back the same.
 */
export class Sandbox {
  /** What people do on their phones. */
  readonly phones: Phones;
  private readonly wechat: WechatState;
  private readonly faults = new Faults();
  private readonly log = new CallLog();

  /** @param clock milliseconds since 1970, as `Date.now` gives them */
  constructor(apps: readonly WechatApp[], clock: () => number = Date.now) {
    this.wechat = new WechatState(apps, clock);
    this.phones = new Phones(this.wechat);
  }

  /** The sandbox's own time, in milliseconds since 1970. */
  now(): number {
    return this.wechat.now();
  }

  /** Moves the sandbox's clock forward, so that codes and tokens expire without waiting. */
  advance(seconds: number): void {
    this.wechat.advance(seconds);
  }

  /** Makes a user, or changes the one who has that id. Whoever is made again with the same id is the same person. */
  createUser(traits: UserTraits = {}): { id: string; openids: Record<string, string> } {
    const { id } = this.wechat.users.create(traits);
    const openids = this.wechat.apps.appIds().map((appId) => [appId, openidOf(appId, id)] as const);
    return { id, openids: Object.fromEntries(openids) };
  }

  /**
   * Plays `wx.login` on the user's phone: a fresh code, and a new session_key for this user and app.
   *
   * An unknown user is made. Without an `appId` the first app is meant.
   *
   * @throws AppError WECHAT_APP_UNKNOWN
   */
  wxLogin(userId: string, appId?: string): PhoneCode {
    return this.phones.login(userId, appId);
  }

  /** The session_key that counts at this moment. null before the user's first `wx.login` in the app. */
  sessionKey(userId: string, appId: string): string | null {
    return this.wechat.users.find(userId)?.visits.get(appId)?.sessionKey ?? null;
  }

  /**
   * Binds an app to an Open Platform account, or unbinds it with null. From then on its users have that account's unionid.
   *
   * @throws AppError WECHAT_APP_UNKNOWN
   */
  bindApp(appId: string, openPlatform: string | null): void {
    this.wechat.apps.bind(appId, openPlatform);
  }

  /**
   * Ends the access_tokens that an app holds, or those of all apps: calls with them are answered with the errcode.
   *
   * @throws AppError WECHAT_APP_UNKNOWN
   */
  refuseAccessTokens(errcode: TokenErrcode = 42001, appId?: string): void {
    const { apps, tokens } = this.wechat;
    const named = appId === undefined ? apps.appIds() : [apps.get(appId).appId];
    for (const each of named) tokens.refuse(each, errcode);
  }

  /** Sets how often every app may make a call. */
  setQuota(api: SandboxApi, quota: CallQuota): void {
    this.wechat.quotas.set(api, quota);
  }

  quotas(): (CallQuota & { readonly api: SandboxApi })[] {
    return this.wechat.quotas.list();
  }

  /** Goes back to the quotas that WeChat publishes, and counts from zero. */
  resetQuotas(): void {
    this.wechat.quotas.reset();
  }

  /** From now on WeChat objects to what contains this text. */
  addRiskyText(risky: RiskyText): void {
    this.wechat.riskyTexts.add(risky);
  }

  clearRiskyTexts(): void {
    this.wechat.riskyTexts.clear();
  }

  /**
   * The component_access_token of a third-party platform, in the words of WeChat.
   *
   * @throws AppError NOT_FOUND
   */
  componentToken(componentAppId: string): { component_access_token: string; expires_in: number } {
    return this.wechat.components.token(componentAppId, this.now());
  }

  /** @throws AppError WECHAT_APP_UNKNOWN */
  requireApp(appId: string): void {
    this.wechat.apps.get(appId);
  }

  /** The app that an access_token was given to, also when it is no longer good; null for what is no token of ours. */
  ownerOfToken(accessToken: unknown): string | null {
    return this.wechat.tokens.ownerOf(accessToken);
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
    const appId = this.claimedAppId(WECHAT_APIS[api], parameters);
    const answer = refused ? answerWithErrcode(fault.errcode) : this.answer(api, parameters);
    const at = new Date(this.now()).toISOString();
    this.log.add({ api, appId, at, errcode: answer.errcode ?? 0 });
    return { answer, spoiled: refused ? null : fault };
  }

  private answer(api: SandboxApi, parameters: WechatParameters): WechatAnswer {
    const { credential, answer } = WECHAT_APIS[api];
    const app = this.appOf(credential, parameters);
    if (typeof app === 'number') return answerWithErrcode(app);
    const exceeded = this.wechat.quotas.take(api, app.appId, this.now());
    return exceeded === null ? answer(this.wechat, app, parameters) : answerWithErrcode(exceeded);
  }

  /** Finds the app that the parameters prove to be, or the errcode that says why not. */
  private appOf(credential: WechatApi['credential'], parameters: WechatParameters): WechatApp | number {
    switch (credential) {
      case 'secret':
        return this.appOfSecret(parameters);
      case 'access_token':
        return this.appOfToken(parameters);
      case 'component':
        return this.wechat.components.authenticate(parameters, this.now());
    }
  }

  private appOfSecret({ appid, secret }: WechatParameters): WechatApp | number {
    if (!isText(appid)) return 41002;
    if (!isText(secret)) return 41004;
    const app = this.wechat.apps.find(appid);
    if (!app) return 40013;
    return app.secret === secret ? app : 40125;
  }

  private appOfToken({ access_token }: WechatParameters): WechatApp | number {
    const appId = this.wechat.tokens.check(access_token, this.now());
    return typeof appId === 'number' ? appId : this.wechat.apps.get(appId);
  }

  /** Who seems to call. Only a name we know: callers that mix up their parameters would have their secret logged. */
  private claimedAppId({ credential }: WechatApi, { appid, access_token }: WechatParameters): string | null {
    if (credential === 'access_token') return this.wechat.tokens.ownerOf(access_token);
    return isText(appid) && this.wechat.apps.find(appid) ? appid : null;
  }
}
