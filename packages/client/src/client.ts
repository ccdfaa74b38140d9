import type { Abortable, Callbacks } from './callbacks.js';
import type { ButtonEvent, EncryptedData } from './encrypted-data.js';
import type { Answer } from './http.js';
import type { RequestOptions } from './requests.js';
import type { LocationOptions, Scope, ScopeOptions } from './scopes.js';
import type { DeviceSession, SignedIn, SignInResult, SignOutScope, User } from './server-shapes.js';
import type { AuthEvent, Session, SignInDetails } from './sign-in.js';

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

export type AuthListener = (event: AuthEvent, session: Session | null) => void;

/**
 * The person at this phone, to wechat-passport.
 *
 * Every method gives a promise, which rejects with an AuthError. It takes callbacks as well, in its last parameter.
 */
export interface PassportClient {
  /** Signs in by WeChat, without asking anybody. Somebody who is signed in stays it, at no cost. */
  signIn(options?: SignInOptions & Callbacks<SignInResult>): Promise<SignInResult>;

  /**
   * Signs in, and registers with the number of the phone button where the person is new.
   *
   * @throws AuthError TAP_AGAIN - an old base library gave encrypted data that a sign-in has outdated
   */
  signInWithPhone(event: ButtonEvent, options?: RegisterOptions & Callbacks<SignedIn>): Promise<SignedIn>;

  /** Registers whoever the last `signIn` found unregistered, with the number of the phone button. */
  register(event: ButtonEvent, options?: RegisterOptions & Callbacks<SignedIn>): Promise<SignedIn>;

  /** The ordinary sign-in. It links the WeChat identity that the last `signIn` found unregistered. */
  signInWithPassword(options: { username: string; password: string } & Callbacks<SignedIn>): Promise<SignedIn>;

  sendSmsCode(phone: string, callbacks?: Callbacks<unknown>): Promise<unknown>;

  /** As `signInWithPassword`, with the code of `sendSmsCode`; an unknown number makes a new account. */
  signInWithSms(options: { phone: string; code: string } & RegisterOptions & Callbacks<SignedIn>): Promise<SignedIn>;

  /**
   * Binds the number of the phone button to whoever is signed in.
   *
   * @throws AuthError PHONE_ALREADY_LINKED with `details.mergeTicket`; TAP_AGAIN
   */
  linkPhone(event: ButtonEvent, callbacks?: Callbacks<User>): Promise<User>;

  /** Makes one account of two that are the same person's, with `mergeTicket` of an error or `merge.ticket` of a sign-in. */
  mergeAccounts(mergeTicket: string, proof?: PasswordProof, callbacks?: Callbacks<SignedIn>): Promise<SignedIn>;

  /** The session that is there, refreshed if it must be; null for nobody. Waits for the launch; starts no sign-in. */
  getSession(callbacks?: Callbacks<Session | null>): Promise<Session | null>;

  getUser(callbacks?: Callbacks<User>): Promise<User>;

  /** Changes the fields that are given. */
  updateUser(change: { nickname?: string | null; avatarUrl?: null }, callbacks?: Callbacks<User>): Promise<User>;

  /** @param filePath the temporary file of `<button open-type="chooseAvatar">`; JPEG, PNG, WebP or GIF of at most 2 MB */
  uploadAvatar(filePath: string, callbacks?: Callbacks<User>): Promise<User>;

  /** Refreshes now. It is done in time without this. */
  refreshSession(callbacks?: Callbacks<Session | null>): Promise<Session | null>;

  /**
   * Signs out. Here that is done at once and holds: nobody is signed in again before `signIn({ interactive: true })` or
   * another sign-in of a person.
   *
   * `others` keeps this device's session, and rejects when it fails.
   *
   * @returns false when the server could not be reached: it keeps the session, whose tokens this phone has forgotten, until it
   *   expires or the person signs in on this phone again; with scope `global` the other devices stay signed in
   */
  signOut(options?: { scope?: SignOutScope } & Callbacks<boolean>): Promise<boolean>;

  listSessions(callbacks?: Callbacks<DeviceSession[]>): Promise<DeviceSession[]>;

  /** Signs out one of the person's devices. */
  revokeSession(id: string, callbacks?: Callbacks<unknown>): Promise<unknown>;

  /** Erases the account for good. Proves who is there by a fresh `wx.login` unless a password is given. */
  deleteUser(proof?: PasswordProof, callbacks?: Callbacks<void>): Promise<void>;

  /** @returns ends the subscription */
  onAuthStateChange(listener: AuthListener): () => void;

  /** Sends a request with the person's token; on a 401 one refresh and one replay. Resolves with a 2xx only. */
  request<Body = unknown>(options: RequestOptions & Callbacks<Answer<Body>>): Abortable<Answer<Body>>;

  /** As `request`, with the options of `wx.uploadFile`. */
  uploadFile<Body = unknown>(options: RequestOptions & Callbacks<Answer<Body>>): Abortable<Answer<Body>>;

  /** As `request`, with the options of `wx.downloadFile`; the answer has `tempFilePath`. */
  downloadFile(options: RequestOptions & Callbacks<Answer>): Abortable<Answer>;

  /**
   * For the load of a page with a button whose data is to be decrypted: signs in if that is needed, and renews the
   * session_key if WeChat has dropped it.
   */
  prepareDecrypt(callbacks?: Callbacks<unknown>): Promise<unknown>;

  /**
   * Has the server decrypt what WeChat encrypted.
   *
   * @throws AuthError TAP_AGAIN - a sign-in was needed on the way; what the next tap gives will be readable
   */
  decrypt<Data = Record<string, unknown>>(
    event: ButtonEvent | EncryptedData,
    callbacks?: Callbacks<Data>,
  ): Promise<Data>;

  /** Whether the session_key is good, as far as WeChat tells the phone. Asks WeChat at most every five minutes. */
  checkSession(callbacks?: Callbacks<boolean>): Promise<boolean>;

  /**
   * Makes sure that the person lets the app do something: asks, and explains and opens the settings where they denied it.
   *
   * @throws AuthError SCOPE_DENIED, PRIVACY_DENIED, PRIVACY_UNDECLARED, PRIVACY_BANNED
   */
  ensureScope(scope: Scope, options?: ScopeOptions & Callbacks<void>): Promise<void>;

  /** @throws AuthError as `ensureScope`; LOCATION_OFF - the person allows it, and location is off in the phone's settings */
  getLocation<Location = { latitude: number; longitude: number }>(
    options?: LocationOptions & Callbacks<Location>,
  ): Promise<Location>;

  /** Asks for the consent to the privacy agreement where it is missing. @throws AuthError PRIVACY_DENIED */
  requirePrivacy(callbacks?: Callbacks<unknown>): Promise<unknown>;
}
