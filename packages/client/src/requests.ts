import type { Clock } from './clock.js';
import { AuthError } from './errors.js';
import { exchange, type Answer, type Cancel } from './http.js';
import type { Refresh } from './refresh.js';
import type { KeptSession, SessionStore } from './session-store.js';
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
  readonly trustedURLs: readonly string[];
  readonly header: Readonly<Record<string, string>>;
  readonly carrier: Carrier;
}

// The most that wx.request allows.
const TIMEOUT_MS = 60_000;

/** Sends the app's requests with the session's token: one refresh and one replay when it is refused. */
export class Requests {
  constructor(
    private readonly settings: RequestSettings,
    private readonly store: SessionStore,
    private readonly signIn: SignIn,
    private readonly refresh: Refresh,
    private readonly clock: Clock,
  ) {}

  async send(transport: Transport, options: RequestOptions, cancel?: Cancel): Promise<Answer> {
    const { auth = 'required' } = options;
    const loginsBefore = this.signIn.isUnderWay ? null : this.signIn.logins;
    const checkTap = (): void => {
      if (auth === 'decrypt' && this.signIn.logins !== loginsBefore) throw new AuthError('TAP_AGAIN');
    };
    const attempt = (session: KeptSession | null): Promise<Answer> => {
      checkTap();
      if (cancel && cancel.isCancelled) throw new AuthError('REQUEST_ABORTED');
      return exchange(transport, this.ready(options, session), this.clock, cancel, options.onTask);
    };

    const session = auth === 'open' ? this.goodSession() : await this.session();
    try {
      return await attempt(session);
    } catch (error) {
      if (!session || auth === 'open' || (error as AuthError).status !== 401) throw error;
      const next = await this.afterRefusal(session, error as AuthError);
      return attempt(next).then(undefined, (again: AuthError) => {
        if (again.status === 401 && again.remedy === 'ask-user') this.endIfCurrent(next);
        throw again;
      });
    }
  }

  /** A session whose token may be sent. Waits for the sign-in under way; a refresh is begun before it has to be waited for. */
  async session(): Promise<KeptSession> {
    const { session } = this.store;
    if (!session) return this.signIn.silently();
    const age = this.store.ageOf(session);
    if (age === 'expired') return this.refresh.inPlaceOf(session);
    if (age === 'ending') this.refresh.inPlaceOf(session).then(undefined, () => undefined);
    return session;
  }

  private goodSession(): KeptSession | null {
    const { session } = this.store;
    return session && this.store.ageOf(session) !== 'expired' ? session : null;
  }

  private async afterRefusal(sent: KeptSession, error: AuthError): Promise<KeptSession> {
    const kept = this.store.reload();
    if (kept && kept.accessToken !== sent.accessToken) return kept;
    if (error.remedy === 'ask-user') this.endIfCurrent(sent);
    if (error.remedy === 'refresh') return this.refresh.inPlaceOf(sent);
    if (error.remedy === 'login-again') return this.signIn.silently();
    throw error;
  }

  private endIfCurrent(sent: KeptSession): void {
    const kept = this.store.reload();
    if (kept && kept.accessToken === sent.accessToken) this.signIn.end(true);
  }

  private ready(options: RequestOptions, session: KeptSession | null): Parameters<typeof exchange>[1] {
    const { baseURL, trustedURLs, header } = this.settings;
    const { auth, onTask, ...passed } = options;
    const isWhole = /^[a-z][a-z0-9+.-]*:/i.test(options.url);
    const url = isWhole ? options.url : baseURL + options.url;
    const isTrusted = [baseURL].concat(trustedURLs).some((trusted) => url.indexOf(`${trusted}/`) === 0);
    if (!isTrusted && auth !== 'open') throw new AuthError('URL_NOT_TRUSTED', { message: `no token for ${url}` });
    return Object.assign(passed, {
      url,
      path: url.indexOf(`${baseURL}/`) === 0 ? url.slice(baseURL.length) : url,
      timeout: options.timeout || TIMEOUT_MS,
      header: Object.assign({}, header, session && isTrusted ? this.carried(session.accessToken) : {}, options.header),
    });
  }

  private carried(token: string): Record<string, string> {
    switch (this.settings.carrier) {
      case 'bearer':
        return { Authorization: `Bearer ${token}` };
      case 'authorization':
        return { Authorization: token };
      case 'authentication':
        return { Authentication: token };
      case 'sid':
        return { sid: token };
    }
  }
}
