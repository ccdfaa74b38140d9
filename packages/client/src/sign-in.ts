import { assign } from './assign.js';
import type { Clock } from './clock.js';
import { askUser, isTransient, networkFailed, type AuthError } from './errors.js';
import { within } from './http.js';
import { callPlatform, type DeviceInfo, type WxLike } from './platform.js';
import { flight, type Retry } from './retry.js';
import type { SignInResult, SignedIn, Tokens } from './server-shapes.js';
import type { KeptSession, SessionStore } from './session-store.js';

/** What the app may say of a sign-in. */
export interface SignInDetails {
  /** `false`: an unknown person is not registered, whatever the server's policy is. */
  readonly createUser?: boolean | undefined;
  /** What the person agreed to. */
  readonly consent?: { readonly policyVersion: string } | undefined;
}

/** A sign-in with the tokens that it brought. */
export type SignedInAnswer = SignedIn & { readonly tokens: Tokens };

/** Sends a body to a route below `/v1/auth`, without a token. */
export type Post = (path: string, data: object) => Promise<unknown>;

/** What the app may know of its session. */
export interface Session {
  readonly accessToken: string;
  /** Milliseconds since 1970, by this phone's clock. */
  readonly expiresAt: number;
  readonly user: SignedIn['user'];
}

/** In the words of Supabase. INITIAL_SESSION comes once, when the launch has shown whether somebody is signed in. */
export type AuthEvent = 'INITIAL_SESSION' | 'SIGNED_IN' | 'TOKEN_REFRESHED' | 'USER_UPDATED' | 'SIGNED_OUT';

/** Tells the app what has become of its session, as it is kept now. */
export type Emit = (event: AuthEvent) => void;

/** Signs in with `wx.login`. One at a time, whoever asks. */
export interface SignIn {
  /** Signs in without asking anybody, in the place of a session that has ended, or at launch. */
  silently(): Promise<KeptSession>;
  byWechat(details?: SignInDetails): Promise<SignInResult>;
  /** Keeps the session of a sign-in that has succeeded, unless somebody has signed out meanwhile. */
  keep(answer: unknown): SignedIn;
  /** The session is over; for good means until a person signs in. The app hears of it once. */
  end(forGood: boolean): void;
  /** A person wants to sign in: what stood against silent sign-ins is forgotten. */
  reopen(): void;
  /** A code of `wx.login`, as a fresh proof of who is there. */
  code(): Promise<string>;
  device(): object;
  /** Of a person who is not registered yet; null when there is none, or it has expired. */
  liveTicket(): string | null;
  forgetTicket(): void;
  /** Changes when `wx.login` is called and when the sign-in ends: what WeChat encrypted before may be unreadable then. */
  era(): number;
  /** When a sign-in by WeChat last gave the server a session_key, by this phone's clock. */
  keyedAt(): number;
}

const LOGIN_MS = 15_000;

export function signInBy(
  platform: WxLike,
  post: Post,
  store: SessionStore,
  emit: Emit,
  retry: Retry,
  clock: Clock,
  app: object,
): SignIn {
  const join = flight<SignInResult>();
  let era = 0;
  let keyedAt = 0;
  let ticket: string | null = null;
  let ticketEndsAt = 0;
  let stopped: AuthError | null = null;

  const code = (): Promise<string> => {
    era += 1;
    const login = callPlatform<{ code: string }>(platform, 'login', { timeout: LOGIN_MS });
    return within(LOGIN_MS, login, clock).then(
      (result) => result.code,
      (error: AuthError) => {
        throw networkFailed(error);
      },
    );
  };
  const device = (): object => {
    const get = platform.getDeviceInfo || platform.getSystemInfoSync;
    const info: DeviceInfo = get ? get.call(platform) : {};
    return { id: store.kept().deviceId, name: printable(info.model, 64), platform: printable(info.platform, 32) };
  };
  const liveTicket = (): string | null => (clock.now() < ticketEndsAt ? ticket : null);
  const keep = (data: unknown): SignedIn => {
    const { isNewUser, user, merge, tokens } = (data || {}) as SignedInAnswer;
    readTokens(tokens);
    if (store.kept().signedOut) throw askUser('SIGN_IN_REQUIRED');
    store.change({ session: store.made(tokens, user) });
    ticket = stopped = null;
    emit('SIGNED_IN');
    return { status: 'signed_in', isNewUser: !!isNewUser, user, merge };
  };
  const end = (forGood: boolean): void => {
    const { session } = store.kept();
    store.change({ session: null, signedOut: forGood });
    if (session) emit('SIGNED_OUT');
  };
  const keepAnswer = (data: unknown): SignInResult => {
    const answer = (data || {}) as SignInResult;
    keyedAt = clock.now();
    era += 1;
    if (answer.status !== 'unregistered') return keep(answer);
    ticket = answer.ticket;
    ticketEndsAt = keyedAt + answer.ticketExpiresIn * 1000;
    return answer;
  };
  const byWechat = (details: SignInDetails = {}): Promise<SignInResult> =>
    join(() =>
      retry(
        () =>
          code()
            .then((fresh) => post('/wechat/login', assign({ code: fresh, device: device() }, app, details)))
            .then(keepAnswer),
        isWorthAnotherCode,
      ).catch((error: AuthError) => {
        if (error.remedy === 'stop') stopped = error;
        throw error;
      }),
    );
  const silently = (): Promise<KeptSession> => {
    const { session, signedOut } = store.kept();
    // Somebody who came by password or SMS may be nobody, or somebody else, to WeChat.
    const isStranger = session && !session.user.identities.some(({ kind }) => kind === 'wechat_openid');
    const obstacle = signedOut || isStranger ? askUser('SIGN_IN_REQUIRED') : stopped;
    const isUnregistered = !session && liveTicket();
    return (obstacle ? Promise.reject(obstacle) : isUnregistered ? Promise.resolve(null) : byWechat())
      .then((result) => {
        if (result && result.status === 'signed_in') return store.kept().session!;
        throw askUser('REGISTRATION_REQUIRED');
      })
      .catch((error: AuthError) => {
        // What may work later costs nobody the session; and after `stop` a login page would be of no use.
        if (!isWorthAnotherCode(error) && error.remedy !== 'stop') end(signedOut);
        throw error;
      });
  };
  return {
    silently,
    byWechat,
    keep,
    end,
    code,
    device,
    reopen: () => {
      stopped = null;
      store.change({ signedOut: false });
    },
    liveTicket,
    forgetTicket: () => {
      ticket = null;
    },
    era: () => era,
    keyedAt: () => keyedAt,
  };
}

/** @throws AuthError NETWORK_FAILED - there are none */
export function readTokens(data: unknown): Tokens {
  const { accessToken, refreshToken, expiresIn } = (data || {}) as Partial<Tokens>;
  if (accessToken && refreshToken && expiresIn) return data as Tokens;
  throw networkFailed({ message: 'no tokens', details: data });
}

/** A code that was refused was spent, perhaps by a request whose answer was lost. */
function isWorthAnotherCode(error: AuthError): boolean {
  return isTransient(error) || error.remedy === 'login-again';
}

/** What the server takes for a name. */
function printable(text: string | undefined, max: number): string | undefined {
  return (text || '').replace(/[^ -~]/g, '').slice(0, max) || undefined;
}
