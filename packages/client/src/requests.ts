import { assign } from './assign.js';
import type { Callbacks, Abortable } from './callbacks.js';
import type { Clock } from './clock.js';
import { AuthError, askUser } from './errors.js';
import { abortTask, type Answer, type Exchange } from './http.js';
import type { Refresh } from './refresh.js';
import { freshnessOf, type KeptSession, type SessionStore } from './session-store.js';
import type { SignIn } from './sign-in.js';
import type { Transport } from './transport.js';

/**
 * What a request needs of the person.
 *
 * - `open`: nothing. It goes at once, with the token if there is a good one.
 * - `required`: a signed-in person. It waits for the sign-in under way, or starts one.
 * - `decrypt`: the same, and it carries what WeChat encrypted a moment ago. A sign-in on the way makes that unreadable, so
 *   the person is asked to tap again (TAP_AGAIN).
 */
export type RequestAuth = 'open' | 'required' | 'decrypt';

/** Where the server looks for the token: see its TOKEN_CARRIERS. */
export type Carrier = 'bearer' | 'authorization' | 'authentication' | 'sid';

export interface RequestOptions {
  /** A path after `baseURL`, or a whole address below it or below one of `trustedURLs`; with `open` any address. */
  readonly url: string;
  readonly auth?: RequestAuth;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS';
  readonly data?: unknown;
  readonly header?: Readonly<Record<string, string>>;
  /** Milliseconds; 60,000 unless told otherwise. */
  readonly timeout?: number;
  /** Gets the platform's task, to watch the progress of an upload for example. */
  readonly onTask?: (task: unknown) => void;
  /** Further options go to the platform as they are. */
  readonly [option: string]: unknown;
}

/** How the requests of an app are sent. */
export interface RequestSettings {
  readonly baseURL: string;
  readonly trusted: readonly string[];
  readonly header: Readonly<Record<string, string>>;
  readonly carrier: Carrier;
}

/** Sends the app's requests with the session's token: one refresh and one replay when it is refused. */
export interface Requests {
  send<Body>(transport: Transport, options: RequestOptions & Callbacks<Answer<Body>>): Abortable<Answer<Body>>;
  /** A session whose token may be sent. Waits for the sign-in under way; a refresh is begun before it has to be waited for. */
  session(): Promise<KeptSession>;
}

// The most that wx.request allows.
const TIMEOUT_MS = 60_000;

export function requestsBy(
  settings: RequestSettings,
  exchange: Exchange,
  store: SessionStore,
  signIn: SignIn,
  refresh: Refresh,
  clock: Clock,
): Requests {
  const session = (isOpen?: boolean): Promise<KeptSession | null> => {
    const kept = store.kept().session;
    const freshness = kept ? freshnessOf(kept, clock.now()) : -1;
    if (freshness > 0 || isOpen) return Promise.resolve(freshness < 0 ? null : kept);
    if (!kept) return signIn.silently();
    const refreshed = refresh(kept);
    if (freshness < 0) return refreshed;
    refreshed.catch(() => undefined);
    return Promise.resolve(kept);
  };
  /** How a request goes on that was refused by a 401. The refusal of an older token says nothing of the session that is kept. */
  const afterRefusal = (sent: KeptSession, error: AuthError): KeptSession | Promise<KeptSession> => {
    const kept = store.kept().session;
    if (kept && kept.accessToken !== sent.accessToken) return kept;
    if (error.remedy === 'refresh') return refresh(sent);
    if (error.remedy === 'login-again') return signIn.silently();
    if (error.remedy === 'ask-user') signIn.end(true);
    throw error;
  };
  const run = (
    transport: Transport,
    options: RequestOptions,
    mayGoOn: () => void,
    onTask: (task: unknown) => void,
  ): Promise<Answer> => {
    const isOpen = options.auth === 'open';
    const era = signIn.era();
    const attempt = (sender: KeptSession | null, isReplay?: boolean): Promise<Answer> => {
      mayGoOn();
      if (options.auth === 'decrypt' && signIn.era() !== era) throw askUser('TAP_AGAIN');
      const sent = exchange(transport, readyBy(settings, options, sender), onTask);
      return sent.catch((error: AuthError) => {
        if (isOpen || error.status !== 401 || (isReplay && error.remedy !== 'ask-user')) throw error;
        const next = afterRefusal(sender!, error);
        if (isReplay) throw error;
        return Promise.resolve(next).then((renewed) => attempt(renewed, true));
      });
    };
    return session(isOpen).then((sender) => attempt(sender));
  };
  return {
    session: session as Requests['session'],
    send: (transport, options) => {
      const aborted = new AuthError('REQUEST_ABORTED', 'stop');
      let isAborted = false;
      let running: unknown;
      let giveUp: (error: AuthError) => void;
      const mayGoOn = (): void => {
        if (isAborted) throw aborted;
      };
      const onTask = (task: unknown): void => {
        running = task;
        if (options.onTask) options.onTask(task);
      };
      const work = new Promise<Answer>((resolve, reject) => {
        giveUp = reject;
        run(transport, options as RequestOptions, mayGoOn, onTask).then(resolve, reject);
      });
      const abort = (): void => {
        isAborted = true;
        giveUp(aborted);
        abortTask(running);
      };
      return assign(work, { abort }) as Abortable<Answer<never>>;
    },
  };
}

/** The request as it leaves. Only the server's own address and those that are trusted get to see the token. */
export function readyBy(
  { baseURL, trusted, header, carrier }: RequestSettings,
  options: RequestOptions,
  sender?: KeptSession | null,
): Parameters<Exchange>[1] {
  const url = /^[a-z]+:/i.test(options.url) ? options.url : baseURL + options.url;
  const isTrusted = trusted.some((address) => url.indexOf(`${address}/`) === 0);
  if (!isTrusted && options.auth !== 'open') throw new AuthError('URL_NOT_TRUSTED', 'fix-request', url);
  const token = sender && isTrusted ? sender.accessToken : '';
  const carried = token && (carrier === 'bearer' ? { Authorization: `Bearer ${token}` } : { [carrier]: token });
  return assign({ timeout: TIMEOUT_MS }, options, { url, header: assign({}, header, carried, options.header) });
}
