import { AuthError } from './errors.js';

/** A function that takes an object with `success` and `fail`. `never` lets every such function fit, whoever types it. */
export type WxMethod = (options: never) => unknown;

/**
 * What the SDK uses of `wx`, `Taro` or `uni`. Any object of this shape will do.
 *
 * Optional functions are asked for only by the methods that need them.
 */
export interface WxLike {
  login: WxMethod;
  request: WxMethod;
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, data: string): void;
  uploadFile?: WxMethod;
  downloadFile?: WxMethod;
  checkSession?: WxMethod;
  getSetting?: WxMethod;
  openSetting?: WxMethod;
  authorize?: WxMethod;
  showModal?: WxMethod;
  getLocation?: WxMethod;
  getFuzzyLocation?: WxMethod;
  requirePrivacyAuthorize?: WxMethod;
  getRandomValues?: WxMethod;
  onNeedPrivacyAuthorization?(listener: (resolve: never, info: never) => void): void;
  onAppShow?(listener: () => void): void;
  getAccountInfoSync?(): { miniProgram: { envVersion?: string } };
  getDeviceInfo?(): { model?: string; platform?: string };
  getSystemInfoSync?(): { model?: string; platform?: string };
}

/** What a platform gives to `fail`. */
export interface PlatformFailure {
  errMsg?: string;
  errno?: number;
}

/** The names of the functions that take `success` and `fail`. */
export type PlatformMethod = {
  [Name in keyof WxLike]-?: WxMethod extends NonNullable<WxLike[Name]> ? Name : never;
}[keyof WxLike];

/**
 * Calls a function of the platform and waits for its result.
 *
 * Listens to the callbacks and to the promise, whichever comes first. Taro rejects its promise even when `fail` is given,
 * which nobody would have handled; uni-app returns no promise when callbacks are given. An interceptor of Taro cannot change
 * what arrives here, because `success` gets the platform's own answer before.
 *
 * @param onTask gets what the platform returned, which for requests has an `abort`
 * @throws AuthError by the platform's errno, otherwise PLATFORM_FAILED
 */
export function callPlatform<Result>(
  platform: WxLike,
  name: PlatformMethod,
  options: object = {},
  onTask?: (task: unknown) => void,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const fail = (failure: PlatformFailure): void => reject(platformError(name, failure));
    const methods = platform as unknown as Record<string, ((options: object) => unknown) | undefined>;
    if (!methods[name]) throw new AuthError('PLATFORM_UNSUPPORTED', { message: `${name} is not there` });
    const returned = methods[name](Object.assign({}, options, { success: resolve, fail })) as
      | PromiseLike<Result>
      | undefined;
    if (onTask) onTask(returned);
    if (returned && typeof returned.then === 'function') returned.then(resolve, fail);
  });
}

// https://developers.weixin.qq.com/miniprogram/dev/framework/user-privacy/PrivacyAuthorize.html: 103 and 104 are a person who
// refused, 112 is an interface that the privacy agreement does not declare, 1025 and 1026 one that was banned.
const ERRNOS: Readonly<Record<number, string>> = {
  103: 'PRIVACY_DENIED',
  104: 'PRIVACY_DENIED',
  112: 'PRIVACY_UNDECLARED',
  1025: 'PRIVACY_BANNED',
  1026: 'PRIVACY_BANNED',
};

/** What a platform's failure means. */
export function platformError(name: string, failure: unknown, code = 'PLATFORM_FAILED'): AuthError {
  if (failure instanceof AuthError) return failure;
  const { errno, errMsg } = (failure || {}) as PlatformFailure;
  return new AuthError((errno !== undefined && ERRNOS[errno]) || code, {
    message: errMsg || `${name}:fail ${String(failure)}`,
    details: failure,
  });
}
