import type { WxPhone } from './wx-phone.js';

type AnyFunction = (...given: unknown[]) => unknown;
type Options = Record<string, unknown>;
type Callback = ((outcome: unknown) => void) | undefined;

/** An interceptor of `Taro.addInterceptor`. */
export type TaroInterceptor = (chain: {
  readonly requestParams: Options;
  proceed(options: Options): Promise<unknown>;
}) => Promise<unknown>;

/** A platform as its framework gives it. */
export type Framework = WxPhone['wx'] & {
  addInterceptor(interceptor: TaroInterceptor): void;
};

/**
 * What Taro makes of a phone: every asynchronous function returns a promise, which rejects even when `fail` is given.
 * Requests pass its interceptors, whose results the promise has; the callbacks have the platform's own.
 */
export function taroOf(phone: WxPhone): Framework {
  const interceptors: TaroInterceptor[] = [];
  const taro = mapped(phone, (name, native) => (given = {}) => {
    let task: { abort?: () => void } | undefined;
    const proceed = (options: Options): Promise<unknown> =>
      new Promise((resolve, reject) => {
        task = native(around(options, resolve, reject)) as typeof task;
      });
    const chained = interceptors.reduceRight<(options: Options) => Promise<unknown>>(
      (next, interceptor) => (options) => interceptor({ requestParams: options, proceed: next }),
      proceed,
    );
    const promise = (name === 'request' ? chained : proceed)(given as Options);
    return Object.assign(promise, { abort: () => task?.abort?.() });
  });
  return { ...taro, addInterceptor: (interceptor) => void interceptors.push(interceptor) };
}

/** What uni-app makes of a phone: a promise when no callback is given, otherwise what the platform returns. */
export function uniOf(phone: WxPhone): WxPhone['wx'] {
  return mapped(phone, (_name, native) => (given = {}) => {
    const options = given as Options;
    if (options['success'] || options['fail'] || options['complete']) return native(options);
    return new Promise((resolve, reject) => void native(around(options, resolve, reject)));
  });
}

function around(options: Options, resolve: (result: unknown) => void, reject: (failure: unknown) => void): Options {
  const [success, fail] = [options['success'] as Callback, options['fail'] as Callback];
  return {
    ...options,
    success: (result: unknown) => {
      success?.(result);
      resolve(result);
    },
    fail: (failure: unknown) => {
      fail?.(failure);
      reject(failure);
    },
  };
}

/** Wraps every function but the synchronous ones. */
function mapped(phone: WxPhone, wrap: (name: string, native: AnyFunction) => AnyFunction): WxPhone['wx'] {
  const entries = Object.entries(phone.wx as unknown as Record<string, AnyFunction>).map(([name, native]) =>
    /Sync$|^on|^getDeviceInfo$/.test(name) ? [name, native] : [name, wrap(name, native)],
  );
  return Object.fromEntries(entries) as WxPhone['wx'];
}
