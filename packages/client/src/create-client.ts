import { AuthEvents } from './auth-events.js';
import { PassportClient, tellSignOut } from './client.js';
import { PHONE_CLOCK, type Clock } from './clock.js';
import { WechatKey } from './encrypted-data.js';
import { PassportApi } from './passport-api.js';
import type { WxLike } from './platform.js';
import { randomTexts } from './random-text.js';
import { Refresh } from './refresh.js';
import { Requests, type Carrier } from './requests.js';
import { Retry } from './retry.js';
import { SessionStore, type SyncStorage } from './session-store.js';
import { SignIn } from './sign-in.js';
import { platformTransport, type Transport } from './transport.js';

/** The server's address for each of the versions that a mini-program has. */
export interface BaseURLs {
  readonly develop: string;
  readonly trial: string;
  readonly release: string;
}

export interface ClientOptions {
  /** Where wechat-passport is: `https://passport.example.com`. `''` with a transport that needs none. */
  readonly baseURL: string | BaseURLs;
  /** `wx`, `Taro` or `uni`. */
  readonly platform: WxLike;
  /** The mini-program's appid, where the server serves several. */
  readonly appId?: string;
  /** Another place for the session; the platform's storage unless told otherwise. */
  readonly storage?: SyncStorage;
  readonly storageKey?: string;
  /** Another way for requests, `callContainerTransport()` for example; uploads and downloads go by the platform. */
  readonly transport?: Transport;
  /** Whether somebody is signed in by themselves at launch; true unless told otherwise. */
  readonly autoLogin?: boolean;
  /** Where the server looks for the token. */
  readonly carrier?: Carrier;
  /** Other back ends that may see the token: `https://api.example.com`. */
  readonly trustedURLs?: readonly string[];
  /** Sent with every request: `Accept-Language` for example. */
  readonly header?: Readonly<Record<string, string>>;
  /** For tests. */
  readonly clock?: Clock;
}

/** Makes the client. One is enough for an app; two on one storage do no harm. */
export function createClient(options: ClientOptions): PassportClient {
  const { platform, storage = platform, clock = PHONE_CLOCK, header = {}, autoLogin = true } = options;
  const baseURL = withoutSlash(addressOf(options.baseURL, platform));
  const request = options.transport || platformTransport(platform, 'request');
  const transports = {
    request,
    uploadFile: platformTransport(platform, 'uploadFile'),
    downloadFile: platformTransport(platform, 'downloadFile'),
  };
  const store = new SessionStore(storage, options.storageKey || 'wechat-passport', clock, randomTexts(platform));
  const events = new AuthEvents();
  const retry = new Retry(clock, platform);
  const api = new PassportApi(baseURL, header, request, clock);
  const signIn = new SignIn(platform, api, store, events, retry, clock, options.appId);
  const refresh = new Refresh(api, store, events, retry, signIn);
  const settings = {
    baseURL,
    trustedURLs: (options.trustedURLs || []).map(withoutSlash),
    header,
    carrier: options.carrier || 'bearer',
  };
  const requests = new Requests(settings, store, signIn, refresh, clock);
  const key = new WechatKey(platform, signIn, requests, clock);
  const toLaunch = autoLogin && !store.session && !store.isSignedOut;
  const launch = (toLaunch ? signIn.silently() : Promise.resolve()).then(undefined, () => undefined);
  launch.then(() => events.emit('INITIAL_SESSION', store.session));
  // Only this device's session: the person may have signed in on others since.
  void tellSignOut({ api, store }, 'local');
  return new PassportClient({ platform, api, store, events, signIn, refresh, requests, key, transports, launch });
}

function addressOf(baseURL: string | BaseURLs, platform: WxLike): string {
  if (typeof baseURL === 'string') return baseURL;
  const { envVersion } = platform.getAccountInfoSync ? platform.getAccountInfoSync().miniProgram : {};
  return envVersion === 'develop' || envVersion === 'trial' ? baseURL[envVersion] : baseURL.release;
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, '');
}
