import { randomBytes } from 'node:crypto';
import { AppError } from '../errors/app-error.js';
import { encryptUserData, hashOfEncryptedData, signRawData, type EncryptedUserData } from './encrypt-user-data.js';
import { CODE_TTL_SECONDS } from './one-time-codes.js';
import {
  USER_KEY_TTL_SECONDS,
  newSessionKey,
  openidOf,
  type PhoneNumber,
  type SandboxUser,
  type UserKey,
  type Visit,
} from './sandbox-users.js';
import {
  ANONYMOUS_PROFILE,
  phoneInfo,
  shareInfo,
  userInfo,
  weRunData,
  type CountryCodeType,
  type Watermark,
} from './user-data.js';
import type { WechatState } from './wechat-state.js';

/** A code for the mini-program, and the seconds it lives. */
export interface PhoneCode {
  readonly code: string;
  readonly expiresIn: number;
}

/** What the phone button hands to the mini-program: a code, and encrypted data if there is a live session_key. */
export interface PhoneButtonAnswer extends PhoneCode, Partial<EncryptedUserData> {}

/** How the phone button is pressed; by default with the user's own number in the first app. */
export interface PhoneButtonOptions {
  readonly appId?: string;
  readonly phone?: PhoneNumber;
  /** What the server API tells later; `string` by default. */
  readonly countryCodeType?: CountryCodeType;
}

/** What a mini-program can receive encrypted. */
export const USER_DATA_KINDS = ['userInfo', 'phoneNumber', 'weRunData', 'shareInfo'] as const;
export type UserDataKind = (typeof USER_DATA_KINDS)[number];

/** What to encrypt; by default what WeChat would have, with a true watermark, in the first app. */
export interface UserDataOrder {
  readonly kind: UserDataKind;
  readonly appId?: string;
  /** Replaces fields of what WeChat would have. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Replaces what is true, for data that a server has to refuse. */
  readonly watermark?: Partial<Watermark>;
}

/** Encrypted data; for `userInfo` with the open part of it and its signature, as `wx.getUserInfo` answers. */
export interface UserDataAnswer extends EncryptedUserData {
  readonly rawData?: string;
  readonly signature?: string;
}

// getUserEncryptKey: "the last three".
const USER_KEYS_KEPT = 3;

/**
 * What people do on their phones.
 *
 * Whoever is not known yet is made. Without an `appId` the first app is meant. All methods throw WECHAT_APP_UNKNOWN.
 */
export class Phones {
  constructor(private readonly wechat: WechatState) {}

  /** Plays `wx.login`: a fresh code, and a new session_key for this user and app. */
  login(userId: string, appId?: string): PhoneCode {
    const { apps, users, loginCodes } = this.wechat;
    const app = apps.get(appId);
    const user = users.create({ id: userId });
    users.visit(user, app.appId, this.wechat.now());
    return codeOf(loginCodes.mint({ appId: app.appId, user }, this.wechat.now()));
  }

  /** Plays `wx.pluginLogin` in the plugin that has this appid. */
  pluginLogin(userId: string, appId?: string): PhoneCode {
    const app = this.wechat.apps.get(appId);
    const user = this.wechat.users.create({ id: userId });
    return codeOf(this.wechat.pluginCodes.mint({ appId: app.appId, user }, this.wechat.now()));
  }

  /** Presses the button with `open-type="getPhoneNumber"` and agrees. */
  pressPhoneButton(userId: string, options: PhoneButtonOptions = {}): PhoneButtonAnswer {
    const { appId } = this.wechat.apps.get(options.appId);
    const user = this.wechat.users.create({ id: userId });
    const { phone = user.phone, countryCodeType = 'string' } = options;
    const timestamp = this.wechat.timestamp();
    const grant = { appId, user, phone, countryCodeType, timestamp };
    const code = codeOf(this.wechat.phoneCodes.mint(grant, this.wechat.now()));
    if (!user.visits.get(appId)?.sessionKeyLive) return code;
    return { ...code, ...this.encrypt(userId, { kind: 'phoneNumber', appId, data: phoneInfo(phone, 'string') }) };
  }

  /**
   * Encrypts data with the user's session_key of this moment.
   *
   * @throws AppError VALIDATION_FAILED when the user has no live session_key in the app
   */
  encrypt(userId: string, { kind, appId, data = {}, watermark = {} }: UserDataOrder): UserDataAnswer {
    const app = this.wechat.apps.get(appId);
    const user = this.wechat.users.create({ id: userId });
    const { sessionKey } = getLiveVisit(user, app.appId);
    const marked = { timestamp: this.wechat.timestamp(), appid: app.appId, ...watermark };
    const plain = { ...this.plainData(kind, user, app.appId), ...data, watermark: marked };
    const encrypted = encryptUserData(JSON.stringify(plain), sessionKey);
    if (kind === 'phoneNumber') this.rememberPhoneData(encrypted, app.appId);
    if (kind !== 'userInfo') return encrypted;
    const rawData = JSON.stringify({ ...ANONYMOUS_PROFILE, ...data });
    return { ...encrypted, rawData, signature: signRawData(rawData, sessionKey) };
  }

  /** Plays `getLatestUserKey`: the newest key of the user, a new one if that has expired. */
  latestUserKey(userId: string, appId?: string): UserKey & { readonly expiresAt: number } {
    const app = this.wechat.apps.get(appId);
    const visit = getLiveVisit(this.wechat.users.create({ id: userId }), app.appId);
    const [newest] = visit.userKeys;
    const living = newest && newest.createdAt + USER_KEY_TTL_SECONDS * 1000 > this.wechat.now();
    const key = living ? newest : newUserKey((newest?.version ?? 0) + 1, this.wechat.now());
    if (!living) visit.userKeys = [key, ...visit.userKeys].slice(0, USER_KEYS_KEPT);
    return { ...key, expiresAt: key.createdAt + USER_KEY_TTL_SECONDS * 1000 };
  }

  /** Replaces the session_key behind the server's back, as a `wx.login` does whose code never reaches it. */
  rotateSessionKey(userId: string, appId?: string): void {
    const app = this.wechat.apps.get(appId);
    getLiveVisit(this.wechat.users.create({ id: userId }), app.appId).sessionKey = newSessionKey();
  }

  /** Lets the session_key expire. Only `wx.login` gives a live one again. */
  expireSessionKey(userId: string, appId?: string): void {
    const app = this.wechat.apps.get(appId);
    getLiveVisit(this.wechat.users.create({ id: userId }), app.appId).sessionKeyLive = false;
  }

  private plainData(kind: UserDataKind, user: SandboxUser, appId: string): Record<string, unknown> {
    switch (kind) {
      case 'userInfo':
        return userInfo(openidOf(appId, user.id), this.wechat.apps.unionid(appId, user), ANONYMOUS_PROFILE);
      case 'phoneNumber':
        return phoneInfo(user.phone, 'string');
      case 'weRunData':
        return weRunData(this.wechat.timestamp());
      case 'shareInfo':
        return shareInfo(appId);
    }
  }

  private rememberPhoneData({ encryptedData }: EncryptedUserData, appId: string): void {
    const createdAt = this.wechat.timestamp();
    this.wechat.phoneData.set(hashOfEncryptedData(encryptedData), { appId, createdAt });
  }
}

function codeOf(code: string): PhoneCode {
  return { code, expiresIn: CODE_TTL_SECONDS };
}

function getLiveVisit(user: SandboxUser, appId: string): Visit {
  const visit = user.visits.get(appId);
  if (visit?.sessionKeyLive) return visit;
  throw new AppError('VALIDATION_FAILED', { detail: 'user: has no live session_key in this app; call wx-login first' });
}

function newUserKey(version: number, now: number): UserKey {
  const encryptKey = randomBytes(16).toString('base64');
  return { encryptKey, iv: randomBytes(8).toString('hex'), version, createdAt: now };
}
