import { assign } from './assign.js';
import { AuthError, askUser, type ClientErrorCode } from './errors.js';

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
  onAppShow?(listener: () => void): void;
  getAccountInfoSync?(): { miniProgram: { envVersion?: string } };
  getDeviceInfo?(): DeviceInfo;
  getSystemInfoSync?(): DeviceInfo;
}

/** What it tells of the phone. */
export interface DeviceInfo {
  model?: string;
  platform?: string;
}

/** What a platform gives to `fail`. */
export interface PlatformFailure {
  errMsg?: string;
  errno?: number;
}

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
  platform: object,
  name: string,
  options?: object,
  onTask?: (task: unknown) => void,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const fail = (failure: unknown): void => reject(platformError(failure));
    const call = platform as Record<string, (options: object) => PromiseLike<Result> | undefined>;
    const returned = call[name]!(assign({}, options, { success: resolve, fail, complete: undefined }));
    if (onTask) onTask(returned);
    if (returned && returned.then) returned.then(resolve, fail);
  });
}

/**
 * What a platform's failure means.
 *
 * errno 103 and 104: a person refused; 112: the privacy agreement does not declare the interface; 1025 and 1026: it is banned.
 * https://developers.weixin.qq.com/miniprogram/dev/framework/user-privacy/PrivacyAuthorize.html
 */
export function platformError(failure: unknown, code: ClientErrorCode = 'PLATFORM_FAILED'): AuthError {
  if (failure instanceof AuthError) return failure;
  const { errno, errMsg } = (failure || {}) as PlatformFailure;
  const message = errMsg || String(failure);
  if (errno === 103 || errno === 104) return askUser('PRIVACY_DENIED', message, failure);
  const operator = errno === 112 ? 'PRIVACY_UNDECLARED' : errno === 1025 || errno === 1026 ? 'PRIVACY_BANNED' : null;
  if (operator) return new AuthError(operator, 'call-operator', message, failure);
  return new AuthError(code, code === 'PLATFORM_FAILED' ? 'fix-request' : 'ask-user', message, failure);
}
