import { sessionOf, type AuthEvents, type AuthListener, type Session } from './auth-events.js';
import { abortable, answer, type Abortable, type Callbacks } from './callbacks.js';
import {
  encryptedDataOf,
  phoneProofOf,
  type ButtonEvent,
  type EncryptedData,
  type PhoneProof,
  type WechatKey,
} from './encrypted-data.js';
import { AuthError } from './errors.js';
import type { Answer } from './http.js';
import { readTokens, type PassportApi, type SignedInAnswer } from './passport-api.js';
import { callPlatform, type WxLike } from './platform.js';
import type { Refresh } from './refresh.js';
import type { RequestOptions, Requests } from './requests.js';
import { ensureScope, getLocation, type Scope, type ScopeOptions } from './scopes.js';
import type { DeviceSession, SignedIn, SignInResult, SignOutScope, User } from './server-shapes.js';
import type { SessionStore } from './session-store.js';
import type { SignIn, SignInDetails } from './sign-in.js';
import type { Transport } from './transport.js';

export interface SignInOptions extends SignInDetails {
  /** A person has asked for it: a sign-out before counts no more. */
  readonly interactive?: boolean;
}

/** Of a registration by phone. */
export interface RegisterOptions {
  readonly consent?: SignInDetails['consent'];
  /** The number belongs to somebody else's account by now: a new account, and the number moves to it. */
  readonly claimPhone?: boolean;
}

/** A fresh proof in the place of `wx.login`, for somebody who has a password. */
export interface PasswordProof {
  readonly currentPassword: string;
}

/** What the client is made of; `createClient` puts it together. */
export interface ClientParts {
  readonly platform: WxLike;
  readonly api: PassportApi;
  readonly store: SessionStore;
  readonly events: AuthEvents;
  readonly signIn: SignIn;
  readonly refresh: Refresh;
  readonly requests: Requests;
  readonly key: WechatKey;
  readonly transports: Readonly<Record<'request' | 'uploadFile' | 'downloadFile', Transport>>;
  /** Ends when the launch has shown whether somebody is signed in. */
  readonly launch: Promise<unknown>;
}

/**
 * The person at this phone, to wechat-passport.
 *
 * Every method gives a promise, which rejects with an AuthError; those that take callbacks call them as well.
 */
export class PassportClient {
  /** @internal */
  constructor(private readonly parts: ClientParts) {}

  /** Signs in by WeChat, without asking anybody. Somebody who is signed in stays it, at no cost. */
  signIn(options: SignInOptions & Callbacks<SignInResult> = {}): Promise<SignInResult> {
    const { interactive, success: _success, fail: _fail, complete: _complete, ...details } = options;
    return answer(this.startSignIn(!!interactive, details), options);
  }

  /**
   * Signs in, and registers with the number of the phone button where the person is new.
   *
   * @throws AuthError TAP_AGAIN - an old base library gave encrypted data that a sign-in has outdated
   */
  signInWithPhone(event: ButtonEvent, options: RegisterOptions & Callbacks<SignedIn> = {}): Promise<SignedIn> {
    return answer(this.startPhoneSignIn(event, options), options);
  }

  /** Registers whoever the last `signIn` found unregistered, with the number of the phone button. */
  register(event: ButtonEvent, options: RegisterOptions & Callbacks<SignedIn> = {}): Promise<SignedIn> {
    return answer(this.startRegistration(event, options), options);
  }

  /** The ordinary sign-in. It links the WeChat identity that the last `signIn` found unregistered. */
  signInWithPassword(options: { username: string; password: string } & Callbacks<SignedIn>): Promise<SignedIn> {
    const { username, password } = options;
    return answer(this.ordinarySignIn('/v1/auth/password/login', { username, password }), options);
  }

  sendSmsCode(phone: string, callbacks?: Callbacks<unknown>): Promise<unknown> {
    return answer(this.parts.api.post('/v1/auth/sms/code', { phone }), callbacks);
  }

  /** As `signInWithPassword`, with the code of `sendSmsCode`; an unknown number makes a new account. */
  signInWithSms(options: { phone: string; code: string } & RegisterOptions & Callbacks<SignedIn>): Promise<SignedIn> {
    const { phone, code } = options;
    return answer(this.ordinarySignIn('/v1/auth/sms/login', { phone, code, ...registrationOf(options) }), options);
  }

  /** Binds the number of the phone button to whoever is signed in. */
  linkPhone(event: ButtonEvent, callbacks?: Callbacks<User>): Promise<User> {
    const send = async (): Promise<User> =>
      this.keepUser(await this.call('PUT', '/v1/users/me/phone', phoneProofOf(event), 'decrypt'));
    return answer(this.parts.key.sendTap(send), callbacks);
  }

  /** Makes one account of two that are the same person's, with `mergeTicket` of an error or `merge.ticket` of a sign-in. */
  mergeAccounts(mergeTicket: string, proof?: PasswordProof, callbacks?: Callbacks<SignedIn>): Promise<SignedIn> {
    return answer(this.startMerge(mergeTicket, proof), callbacks);
  }

  /** The session that is there, refreshed if it must be; null for nobody. Waits for the launch; starts no sign-in. */
  async getSession(): Promise<Session | null> {
    const { store, launch, requests } = this.parts;
    await launch;
    return sessionOf(store.session && (await requests.session()));
  }

  getUser(callbacks?: Callbacks<User>): Promise<User> {
    const work = this.call<User>('GET', '/v1/users/me').then((user) => {
      this.parts.store.keepUser(user);
      return user;
    });
    return answer(work, callbacks);
  }

  /** Changes the fields that are given. */
  updateUser(change: { nickname?: string | null; avatarUrl?: null }, callbacks?: Callbacks<User>): Promise<User> {
    return answer(this.call<User>('PUT', '/v1/users/me', change).then((user) => this.keepUser(user)), callbacks);
  }

  /** @param filePath the temporary file of `<button open-type="chooseAvatar">`; JPEG, PNG, WebP or GIF of at most 2 MB */
  uploadAvatar(filePath: string, callbacks?: Callbacks<User>): Promise<User> {
    const sent = this.uploadFile({ url: '/v1/users/me/avatar', filePath, name: 'file' });
    return answer(sent.then(({ data }) => this.keepUser(data as User)), callbacks);
  }

  /** Refreshes now. It is done in time without this. */
  refreshSession(callbacks?: Callbacks<Session>): Promise<Session> {
    const { store, refresh, signIn } = this.parts;
    const kept = store.session;
    const work = kept ? refresh.inPlaceOf(kept) : signIn.silently();
    return answer(work.then((session) => sessionOf(session)!), callbacks);
  }

  /**
   * Signs out. Here that is done at once and holds: nobody is signed in again before `signIn({ interactive: true })` or
   * another sign-in of a person.
   *
   * `serverTold` is false when the server could not be reached; it is told at the next launch. Until then the session of
   * this device lives on at the server, and with scope `global` those of other devices do. `others` keeps this device's
   * session and rejects when it fails.
   */
  signOut(options: { scope?: SignOutScope } & Callbacks<{ serverTold: boolean }> = {}): Promise<{ serverTold: boolean }> {
    return answer(this.startSignOut(options.scope || 'local'), options);
  }

  listSessions(callbacks?: Callbacks<DeviceSession[]>): Promise<DeviceSession[]> {
    const work = this.call<{ sessions: DeviceSession[] }>('GET', '/v1/auth/sessions');
    return answer(work.then(({ sessions }) => sessions), callbacks);
  }

  /** Signs out one of the person's devices. */
  revokeSession(id: string, callbacks?: Callbacks<void>): Promise<void> {
    return answer(this.call<void>('DELETE', `/v1/auth/sessions/${encodeURIComponent(id)}`), callbacks);
  }

  /** Erases the account for good. Proves who is there by a fresh `wx.login` unless a password is given. */
  deleteUser(proof?: PasswordProof, callbacks?: Callbacks<void>): Promise<void> {
    const work = this.proofOf(proof).then((given) => this.call<void>('POST', '/v1/users/me/erase', given));
    return answer(work.then(() => this.parts.signIn.end(true)), callbacks);
  }

  /** @returns ends the subscription */
  onAuthStateChange(listener: AuthListener): () => void {
    return this.parts.events.subscribe(listener);
  }

  /** Sends a request with the person's token; on a 401 one refresh and one replay. Resolves with a 2xx only. */
  request<Body = unknown>(options: RequestOptions & Callbacks<Answer<Body>>): Abortable<Answer<Body>> {
    return this.send('request', options);
  }

  /** As `request`, with the options of `wx.uploadFile`. */
  uploadFile<Body = unknown>(options: RequestOptions & Callbacks<Answer<Body>>): Abortable<Answer<Body>> {
    return this.send('uploadFile', options);
  }

  /** As `request`, with the options of `wx.downloadFile`; the answer has `tempFilePath`. */
  downloadFile(options: RequestOptions & Callbacks<Answer>): Abortable<Answer> {
    return this.send('downloadFile', options);
  }

  /**
   * For the load of a page with a button whose data is to be decrypted: signs in if that is needed, and renews the
   * session_key if WeChat has dropped it.
   */
  prepareDecrypt(callbacks?: Callbacks<void>): Promise<void> {
    return answer(this.parts.key.prepare(), callbacks);
  }

  /**
   * Has the server decrypt what WeChat encrypted.
   *
   * @throws AuthError TAP_AGAIN - a sign-in was needed on the way; what the next tap gives will be readable
   */
  decrypt<Data = Record<string, unknown>>(event: ButtonEvent | EncryptedData, callbacks?: Callbacks<Data>): Promise<Data> {
    const send = async (): Promise<Data> => this.call<Data>('POST', '/v1/wechat/decrypt', encryptedDataOf(event), 'decrypt');
    return answer(this.parts.key.sendTap(send), callbacks);
  }

  /** Whether the session_key is good, as far as WeChat tells the phone. Asks WeChat at most every five minutes. */
  checkSession(callbacks?: Callbacks<boolean>): Promise<boolean> {
    return answer(this.parts.key.isGood(), callbacks);
  }

  /** @throws AuthError SCOPE_DENIED, PRIVACY_DENIED, PRIVACY_UNDECLARED, PRIVACY_BANNED */
  ensureScope(scope: Scope, options: ScopeOptions & Callbacks<void> = {}): Promise<void> {
    return answer(ensureScope(this.parts.platform, scope, options), options);
  }

  /** @throws AuthError as `ensureScope`; LOCATION_OFF - the person allows it, and location is off in the phone's settings */
  getLocation<Location = { latitude: number; longitude: number }>(
    options: ScopeOptions & Callbacks<Location> & { isFuzzy?: boolean; [option: string]: unknown } = {},
  ): Promise<Location> {
    const { success: _success, fail: _fail, complete: _complete, ...passed } = options;
    return answer(getLocation<Location>(this.parts.platform, passed), options);
  }

  /** Asks for the consent to the privacy agreement, if it is missing. @throws AuthError PRIVACY_DENIED */
  requirePrivacy(callbacks?: Callbacks<unknown>): Promise<unknown> {
    return answer(callPlatform(this.parts.platform, 'requirePrivacyAuthorize'), callbacks);
  }

  private async startSignIn(interactive: boolean, details: SignInDetails): Promise<SignInResult> {
    const { store, signIn } = this.parts;
    if (interactive) signIn.reopen();
    const kept = store.reload();
    if (kept) return { status: 'signed_in', isNewUser: false, user: kept.user };
    if (store.isSignedOut) throw new AuthError('SIGN_IN_REQUIRED', { message: 'signed out by a person' });
    return signIn.byWechat(details);
  }

  private async startPhoneSignIn(event: ButtonEvent, options: RegisterOptions): Promise<SignedIn> {
    const { signIn } = this.parts;
    const proof = phoneProofOf(event);
    if (!signIn.ticket || this.parts.store.session) {
      const result = await this.startSignIn(true, { createUser: false });
      if (result.status === 'signed_in') return result;
      // The sign-in has renewed the session_key. A code does not depend on it.
      if (!('code' in proof)) throw new AuthError('TAP_AGAIN');
    }
    signIn.reopen();
    return this.registerWith(proof, options);
  }

  private async startRegistration(event: ButtonEvent, options: RegisterOptions): Promise<SignedIn> {
    this.parts.signIn.reopen();
    return this.registerWith(phoneProofOf(event), options);
  }

  private registerWith(proof: PhoneProof, options: RegisterOptions): Promise<SignedIn> {
    const { signIn, api, key } = this.parts;
    const send = async (): Promise<SignedIn> => {
      if (!signIn.ticket) throw new AuthError('TICKET_INVALID');
      const phone = 'code' in proof ? { phoneCode: proof.code } : proof;
      const body = Object.assign({ ticket: signIn.ticket, device: signIn.device() }, phone, registrationOf(options));
      return signIn.keep(await api.signIn('/v1/auth/wechat/register', body));
    };
    // A ticket that was spent by a request whose answer was lost: the person is registered, and now signed in.
    return key.sendTap(send, (result) => (result.status === 'signed_in' ? result : null));
  }

  private async ordinarySignIn(path: string, given: object): Promise<SignedIn> {
    const { signIn, api } = this.parts;
    const { ticket } = signIn;
    signIn.reopen();
    const body = Object.assign({ device: signIn.device() }, signIn.app(), ticket ? { ticket } : {}, given);
    try {
      return signIn.keep(await api.signIn(path, body));
    } catch (error) {
      if ((error as AuthError).code === 'TICKET_INVALID') signIn.forgetTicket();
      throw error;
    }
  }

  private async startMerge(mergeTicket: string, proof: PasswordProof | undefined): Promise<SignedIn> {
    const body = Object.assign({ mergeTicket }, await this.proofOf(proof));
    const { user, tokens } = await this.call<SignedInAnswer>('POST', '/v1/users/me/merge', body);
    return this.parts.signIn.keep({ status: 'signed_in', isNewUser: false, user, tokens: readTokens(tokens) });
  }

  private async startSignOut(scope: SignOutScope): Promise<{ serverTold: boolean }> {
    const { store, api, signIn, events } = this.parts;
    const kept = store.reload();
    if (scope === 'others') {
      if (!kept) throw new AuthError('SIGN_IN_REQUIRED');
      await api.logout(kept.refreshToken, scope);
      return { serverTold: true };
    }
    store.close(true, kept && kept.refreshToken);
    signIn.forgetTicket();
    if (!kept) return { serverTold: true };
    events.emit('SIGNED_OUT', null);
    return { serverTold: await tellSignOut(this.parts, scope) };
  }

  private async proofOf(proof: PasswordProof | undefined): Promise<object> {
    return proof || { code: await this.parts.signIn.code() };
  }

  private keepUser(user: User): User {
    const { store, events } = this.parts;
    store.keepUser(user);
    events.emit('USER_UPDATED', store.session);
    return user;
  }

  private call<Body>(
    method: NonNullable<RequestOptions['method']>,
    url: string,
    data?: object,
    auth: NonNullable<RequestOptions['auth']> = 'required',
  ): Promise<Body> {
    const options = Object.assign({ method, url, auth }, data ? { data } : {});
    return this.request<Body>(options).then((answered) => answered.data);
  }

  private send<Body>(
    kind: keyof ClientParts['transports'],
    options: RequestOptions & Callbacks<Answer<Body>>,
  ): Abortable<Answer<Body>> {
    const { requests, transports } = this.parts;
    const { success, fail, complete, ...passed } = options;
    const callbacks = Object.assign({}, success && { success }, fail && { fail }, complete && { complete });
    return abortable((cancel) => requests.send(transports[kind], passed, cancel) as Promise<Answer<Body>>, callbacks);
  }
}

/** Tells the server of a sign-out, if it has not heard of it. Whatever it answers, it knows the session is over. */
export async function tellSignOut({ api, store }: Pick<ClientParts, 'api' | 'store'>, scope: SignOutScope): Promise<boolean> {
  const refreshToken = store.untold;
  if (!refreshToken) return true;
  try {
    await api.logout(refreshToken, scope);
  } catch (error) {
    if ((error as AuthError).status !== 401) return false;
  }
  if (store.untold === refreshToken) store.told();
  return true;
}

function registrationOf({ consent, claimPhone }: RegisterOptions): object {
  return Object.assign({}, consent && { consent }, claimPhone && { claimPhone });
}
