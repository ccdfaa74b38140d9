import { assign } from './assign.js';
import { withCallbacks } from './callbacks.js';
import type { AuthListener, PassportClient, RegisterOptions } from './client.js';
import { PHONE_CLOCK, type Clock } from './clock.js';
import { encryptedDataOf, phoneProofOf, wechatKeyBy, type PhoneProof } from './encrypted-data.js';
import { AuthError, askUser } from './errors.js';
import { exchangeBy } from './http.js';
import { callPlatform, type WxLike } from './platform.js';
import { refreshBy } from './refresh.js';
import { readyBy, requestsBy, type Carrier, type RequestAuth, type RequestOptions } from './requests.js';
import { retryBy } from './retry.js';
import { ensureScope, getLocation } from './scopes.js';
import type { DeviceSession, SignedIn, SignInResult, User } from './server-shapes.js';
import { openStore, type SyncStorage } from './session-store.js';
import { signInBy, type Emit, type Post, type Session, type SignInDetails } from './sign-in.js';
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

const AUTH = '/v1/auth';
const ME = '/v1/users/me';

type Method = NonNullable<RequestOptions['method']>;

// Long enough for a bad network, short enough for somebody who waits.
const TIMEOUT_MS = 15_000;

/** Makes the client. One is enough for an app; two on one storage do no harm. */
export function createClient(options: ClientOptions): PassportClient {
  const { platform, storage = platform, clock = PHONE_CLOCK, header = {}, autoLogin = true } = options;
  const baseURL = withoutSlash(addressOf(options.baseURL, platform));
  const trusted = [baseURL].concat(options.trustedURLs || []).map(withoutSlash);
  const settings = { baseURL, trusted, header, carrier: options.carrier || 'bearer' };
  const transport = options.transport || platformTransport(platform, 'request');
  const upload = platformTransport(platform, 'uploadFile');
  const exchange = exchangeBy(clock);
  const store = openStore(storage, options.storageKey || 'wechat-passport', clock);
  const retry = retryBy(clock, platform);
  const app = options.appId ? { appId: options.appId } : {};

  let listeners: readonly AuthListener[] = [];
  const session = (): Session | null => {
    const kept = store.kept().session;
    return kept && { accessToken: kept.accessToken, expiresAt: kept.expiresAt, user: kept.user };
  };
  // What a listener throws surfaces as an unhandled rejection, and harms nobody else.
  const emit: Emit = (event) =>
    listeners.forEach((listener) => void new Promise<void>((resolve) => resolve(listener(event, session()))));
  const post: Post = (path, data) => {
    const request = readyBy(settings, { url: AUTH + path, method: 'POST', data, timeout: TIMEOUT_MS });
    return exchange(transport, request).then((answer) => answer.data);
  };

  const wechat = signInBy(platform, post, store, emit, retry, clock, app);
  const refresh = refreshBy(post, store, emit, retry, clock, wechat);
  const requests = requestsBy(settings, exchange, store, wechat, refresh, clock);
  const key = wechatKeyBy(platform, wechat, requests, clock);

  const { send } = requests;
  const call = <Body>(method: Method, url: string, data?: object, auth: RequestAuth = 'required'): Promise<Body> =>
    send<Body>(transport, { method, url, data, auth }).then((answer) => answer.data);
  const keepUser = (user: User): User => {
    const kept = store.kept().session;
    if (kept) store.change({ session: assign({}, kept, { user }) });
    return user;
  };
  const changeUser = (user: User): User => {
    keepUser(user);
    emit('USER_UPDATED');
    return user;
  };
  const proofOf = (proof: object | undefined): Promise<object> =>
    proof ? Promise.resolve(proof) : wechat.code().then((code) => ({ code }));

  const signIn = (isInteractive: boolean | undefined, details: SignInDetails): Promise<SignInResult> => {
    if (isInteractive) wechat.reopen();
    const kept = store.kept();
    if (kept.session) return Promise.resolve({ status: 'signed_in', isNewUser: false, user: kept.session.user });
    if (kept.signedOut) throw askUser('SIGN_IN_REQUIRED');
    return wechat.byWechat(details);
  };
  const register = (proof: PhoneProof, { consent, claimPhone }: RegisterOptions): Promise<SignedIn> => {
    const ticket = wechat.liveTicket();
    const { code: phoneCode, encryptedData, iv } = proof;
    const body = { ticket, device: wechat.device(), phoneCode, encryptedData, iv, consent, claimPhone };
    wechat.reopen();
    const registered = ticket
      ? post('/wechat/register', body).then(wechat.keep)
      : Promise.reject(new AuthError('TICKET_INVALID', 'login-again'));
    // A ticket that was spent by a request whose answer was lost: the person is registered, and signed in now.
    return key.sendTap(registered, (result) => result);
  };
  const ordinary = (path: string, given: object): Promise<SignedIn> => {
    wechat.reopen();
    const ticket = wechat.liveTicket();
    const body = assign({ device: wechat.device() }, app, ticket && { ticket }, given);
    return post(path, body).then(wechat.keep, (error: AuthError) => {
      if (error.code === 'TICKET_INVALID') wechat.forgetTicket();
      throw error;
    });
  };

  const toLaunch = autoLogin && !store.kept().session && !store.kept().signedOut;
  const launch = (toLaunch ? wechat.silently() : Promise.resolve()).catch(() => undefined);
  void launch.then(() => emit('INITIAL_SESSION'));

  return withCallbacks<PassportClient>({
    signIn: ({ interactive, createUser, consent } = {}) => signIn(interactive, { createUser, consent }),
    signInWithPhone: (event, given = {}) => {
      const proof = phoneProofOf(event);
      if (wechat.liveTicket() && !store.kept().session) return register(proof, given);
      return signIn(true, { createUser: false }).then((result) => {
        if (result.status === 'signed_in') return result;
        // The sign-in has renewed the session_key. A code does not depend on it.
        if (!proof.code) throw askUser('TAP_AGAIN');
        return register(proof, given);
      });
    },
    register: (event, given = {}) => register(phoneProofOf(event), given),
    signInWithPassword: ({ username, password }) => ordinary('/password/login', { username, password }),
    sendSmsCode: (phone) => post('/sms/code', { phone }),
    signInWithSms: ({ phone, code, consent, claimPhone }) =>
      ordinary('/sms/login', { phone, code, consent, claimPhone }),
    linkPhone: (event) =>
      key.sendTap(call<User>('PUT', `${ME}/phone`, phoneProofOf(event), 'decrypt').then(changeUser)),
    mergeAccounts: (mergeTicket, proof) =>
      proofOf(proof)
        .then((given) => call('POST', `${ME}/merge`, assign({ mergeTicket }, given)))
        .then(wechat.keep),
    getSession: () => launch.then(() => store.kept().session && requests.session()).then(session),
    getUser: () => call<User>('GET', ME).then(keepUser),
    updateUser: (change) => call<User>('PUT', ME, change).then(changeUser),
    uploadAvatar: (filePath) =>
      send<User>(upload, { url: `${ME}/avatar`, filePath, name: 'file' }).then(({ data }) => changeUser(data)),
    refreshSession: () => {
      const kept = store.kept().session;
      return (kept ? refresh(kept) : wechat.silently()).then(session);
    },
    signOut: ({ scope = 'local' } = {}) => {
      const { session: kept } = store.kept();
      if (scope === 'others') return call('POST', `${AUTH}/logout`, { scope }).then(() => true);
      wechat.forgetTicket();
      wechat.end(true);
      const told = kept ? post('/logout', { refreshToken: kept.refreshToken, scope }) : Promise.resolve();
      return told.then(
        () => true,
        // A session that has ended is no news.
        ({ status }: AuthError) => status === 401,
      );
    },
    listSessions: () => call<{ sessions: DeviceSession[] }>('GET', `${AUTH}/sessions`).then(({ sessions }) => sessions),
    revokeSession: (id) => call('DELETE', `${AUTH}/sessions/${id}`),
    deleteUser: (proof) =>
      proofOf(proof)
        .then((given) => call('POST', `${ME}/erase`, given))
        .then(() => wechat.end(true)),
    onAuthStateChange: (listener) => {
      listeners = listeners.concat(listener);
      return () => {
        listeners = listeners.filter((one) => one !== listener);
      };
    },
    request: (given) => send(transport, given),
    uploadFile: (given) => send(upload, given),
    downloadFile: (given) => send(platformTransport(platform, 'downloadFile'), given),
    prepareDecrypt: key.prepare,
    decrypt: (event) => key.sendTap(call('POST', '/v1/wechat/decrypt', encryptedDataOf(event), 'decrypt')),
    checkSession: key.isGood,
    ensureScope: (scope, given) => ensureScope(platform, scope, given),
    getLocation: (given) => getLocation(platform, given),
    requirePrivacy: () => callPlatform(platform, 'requirePrivacyAuthorize'),
  });
}

function addressOf(baseURL: string | BaseURLs, platform: WxLike): string {
  if (typeof baseURL === 'string') return baseURL;
  const version = platform.getAccountInfoSync && platform.getAccountInfoSync().miniProgram.envVersion;
  return baseURL[version as keyof BaseURLs] || baseURL.release;
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, '');
}
