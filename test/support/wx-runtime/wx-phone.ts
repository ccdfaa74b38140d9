import { webcrypto } from 'node:crypto';
import type { Sandbox } from '../../../src/sandbox/sandbox.js';
import type { PhoneButtonOptions } from '../../../src/sandbox/phones.js';
import { PhoneClock } from './phone-clock.js';
import type { WxRequest } from './phone-http.js';
import { WxNetwork, type WxCallbacks } from './wx-network.js';

export interface WxPhoneOptions {
  /** The WeChat that the person has an account with. */
  readonly wechat: Sandbox;
  /** Who holds the phone. */
  readonly user: string;
  /** The mini-program; the first one if absent. */
  readonly appId?: string;
  readonly clock?: PhoneClock;
}

type Outcome = object | { readonly errMsg: string; readonly errno?: number };

/**
 * A phone with WeChat on it, on which one mini-program runs: a small `wx` that behaves as the real one does.
 *
 * `wx` is what native code sees; `taroOf(phone)` and `uniOf(phone)` are what Taro and uni-app make of it. A restart of the app is
 * a new client on the same phone. What people do is said by the fields: `settings`, `agrees`, `location`, `privacyErrno`.
 */
export class WxPhone {
  readonly clock: PhoneClock;
  readonly net: WxNetwork;
  readonly storage = new Map<string, string>();
  /** The names of the functions that were called, in their order. */
  readonly calls: string[] = [];
  /** What the person has allowed or denied, by `scope.…`. */
  settings: Record<string, boolean> = {};
  /** What the person says to dialogues. */
  agrees = { authorize: true, modal: true, openSetting: true };
  /** Null when location is off in the phone's settings. */
  location: { latitude: number; longitude: number } | null = { latitude: 31.2, longitude: 121.5 };
  /** Makes everything that needs the privacy agreement fail so. */
  privacyErrno: number | null = null;
  storageFails = false;
  /** Makes `wx.login` fail so. */
  loginFailure: string | null = null;
  envVersion = 'release';
  private keyOfLogin: string | null = null;
  private listeners: (() => void)[] = [];

  constructor(readonly options: WxPhoneOptions) {
    this.clock = options.clock ?? new PhoneClock();
    this.net = new WxNetwork(this.clock);
  }

  readonly wx = {
    login: (options?: WxCallbacks) => this.call('login', options, () => this.login()),
    checkSession: (options?: WxCallbacks) => this.call('checkSession', options, () => this.checkSession()),
    request: (options: WxRequest & WxCallbacks) => this.send('request', options),
    uploadFile: (options: WxRequest & WxCallbacks) => this.send('uploadFile', options),
    downloadFile: (options: WxRequest & WxCallbacks) => this.send('downloadFile', options),
    getStorageSync: (key: string): unknown => {
      const text = this.stored(key);
      return text === undefined ? '' : (JSON.parse(text) as unknown);
    },
    setStorageSync: (key: string, data: unknown): void => {
      this.stored(key);
      this.storage.set(key, JSON.stringify(data));
    },
    removeStorageSync: (key: string): void => void this.storage.delete(key),
    clearStorageSync: (): void => this.storage.clear(),
    getStorage: (options: WxCallbacks & { key: string }) =>
      this.call('getStorage', options, () => {
        const text = this.stored(options.key);
        return text === undefined
          ? { errMsg: 'getStorage:fail data not found' }
          : { data: JSON.parse(text) as unknown };
      }),
    setStorage: (options: WxCallbacks & { key: string; data: unknown }) =>
      this.call('setStorage', options, () => {
        this.wx.setStorageSync(options.key, options.data);
        return {};
      }),
    getSetting: (options?: WxCallbacks) =>
      this.call('getSetting', options, () => ({ authSetting: { ...this.settings } })),
    authorize: (options: WxCallbacks & { scope: string }) =>
      this.call('authorize', options, () => this.authorize(options.scope)),
    openSetting: (options?: WxCallbacks) => this.call('openSetting', options, () => this.openSetting()),
    showModal: (options?: WxCallbacks) =>
      this.call('showModal', options, () => ({ confirm: this.agrees.modal, cancel: !this.agrees.modal })),
    getLocation: (options?: WxCallbacks) => this.call('getLocation', options, () => this.locate('getLocation')),
    getFuzzyLocation: (options?: WxCallbacks) =>
      this.call('getFuzzyLocation', options, () => this.locate('getFuzzyLocation')),
    requirePrivacyAuthorize: (options?: WxCallbacks) =>
      this.call('requirePrivacyAuthorize', options, () => this.privacyFailure('requirePrivacyAuthorize') ?? {}),
    getRandomValues: (options: WxCallbacks & { length: number }) =>
      this.call('getRandomValues', options, () => ({
        randomValues: webcrypto.getRandomValues(new Uint8Array(options.length)).buffer,
      })),
    getAccountInfoSync: () => ({ miniProgram: { appId: this.options.appId, envVersion: this.envVersion } }),
    getDeviceInfo: () => ({ model: 'iPhone 15', platform: 'ios' }),
    onAppShow: (listener: () => void): void => void this.listeners.push(listener),
  };

  /** How often a function was called. */
  count(name: string): number {
    return this.calls.filter((one) => one === name).length;
  }

  /** The app goes to the background. After 5 s by the clock its requests are interrupted. */
  hide(): void {
    this.net.hide();
  }

  /** The app comes back. */
  show(): void {
    this.net.show();
    for (const listener of this.listeners) listener();
  }

  /** Somebody presses `<button open-type="getPhoneNumber">`: the event of its callback. An old base library gives no code. */
  pressPhoneButton({ old = false, ...press }: PhoneButtonOptions & { old?: boolean } = {}): {
    detail: { errMsg: string; code?: string; encryptedData?: string; iv?: string };
  } {
    this.calls.push('(phone button)');
    const { wechat, user, appId } = this.options;
    const pressed = wechat.phones.pressPhoneButton(user, { ...(appId ? { appId } : {}), ...press });
    const { code, encryptedData, iv } = pressed;
    const encrypted = encryptedData && iv ? { encryptedData, iv } : {};
    return { detail: { errMsg: 'getPhoneNumber:ok', ...(old ? {} : { code }), ...encrypted } };
  }

  /** What `wx.getWeRunData` and its like give. */
  encrypted(kind: 'weRunData' | 'shareInfo' | 'userInfo' = 'weRunData'): { encryptedData: string; iv: string } {
    const { wechat, user, appId } = this.options;
    return wechat.phones.encrypt(user, { kind, ...(appId ? { appId } : {}) });
  }

  private login(): Outcome {
    if (this.loginFailure) return { errMsg: `login:fail ${this.loginFailure}` };
    const { wechat, user, appId } = this.options;
    const { code } = wechat.wxLogin(user, appId);
    this.keyOfLogin = this.currentKey();
    return { code };
  }

  /** Speaks about the key of the last `wx.login` of this phone only. */
  private checkSession(): Outcome {
    const { wechat, user, appId } = this.options;
    const stale = { errMsg: 'checkSession:fail 登录态过期' };
    if (this.keyOfLogin === null || this.keyOfLogin !== this.currentKey()) return stale;
    try {
      wechat.phones.encrypt(user, { kind: 'shareInfo', ...(appId ? { appId } : {}) });
      return {};
    } catch {
      return stale;
    }
  }

  private currentKey(): string | null {
    const { wechat, user, appId } = this.options;
    return wechat.sessionKey(user, appId ?? FIRST_APP);
  }

  /** Asks once; whoever has denied is not asked again. */
  private authorize(scope: string): Outcome {
    const failure = this.privacyFailure('authorize');
    if (failure) return failure;
    this.settings[scope] ??= this.agrees.authorize;
    return this.settings[scope] ? {} : { errMsg: 'authorize:fail auth deny' };
  }

  private openSetting(): Outcome {
    if (this.agrees.openSetting) for (const scope of Object.keys(this.settings)) this.settings[scope] = true;
    return { authSetting: { ...this.settings } };
  }

  private locate(name: string): Outcome {
    return this.privacyFailure(name) ?? this.location ?? { errMsg: `${name}:fail system permission denied` };
  }

  private privacyFailure(name: string): Outcome | null {
    if (this.privacyErrno === null) return null;
    return { errMsg: `${name}:fail privacy permission is not authorized`, errno: this.privacyErrno };
  }

  private stored(key: string): string | undefined {
    if (this.storageFails) throw new Error('storage:fail');
    return this.storage.get(key);
  }

  private send(kind: 'request' | 'uploadFile' | 'downloadFile', options: WxRequest & WxCallbacks): { abort(): void } {
    this.calls.push(kind);
    return this.net.start(kind, options);
  }

  /** Answers later, by callbacks if any are given, otherwise by a promise. */
  private call(name: string, options: WxCallbacks = {}, play: () => Outcome): Promise<unknown> | undefined {
    this.calls.push(name);
    const { success, fail, complete } = options as Record<keyof WxCallbacks, ((outcome: unknown) => void) | undefined>;
    const result = Promise.resolve().then(() => {
      const outcome = play();
      if ('errMsg' in outcome) throw outcome as unknown as Error;
      return { ...outcome, errMsg: `${name}:ok` };
    });
    if (!success && !fail && !complete) return result;
    result.then(
      (outcome) => {
        success?.(outcome);
        complete?.(outcome);
      },
      (failure) => {
        fail?.(failure);
        complete?.(failure);
      },
    );
    return undefined;
  }
}

const FIRST_APP = 'wxsandbox000000001';
