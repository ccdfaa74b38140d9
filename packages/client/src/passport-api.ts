import type { Clock } from './clock.js';
import { AuthError } from './errors.js';
import { exchange } from './http.js';
import type { SignedIn, SignOutScope, Tokens, Unregistered } from './server-shapes.js';
import type { Transport } from './transport.js';

/** A sign-in with the tokens that it brought. */
export type SignedInAnswer = SignedIn & { readonly tokens: Tokens };

// Long enough for a bad network, short enough for somebody who waits.
const TIMEOUT_MS = 15_000;

/** The server's routes that need no access token. */
export class PassportApi {
  constructor(
    private readonly baseURL: string,
    private readonly header: Readonly<Record<string, string>>,
    private readonly transport: Transport,
    private readonly clock: Clock,
  ) {}

  login(body: object): Promise<SignedInAnswer | Unregistered> {
    return this.post('/v1/auth/wechat/login', body).then((data) => {
      const answer = data as SignedInAnswer | Unregistered;
      if (answer && answer.status === 'unregistered') return answer;
      return signedIn(answer);
    });
  }

  /** A sign-in that signs in or fails: `/v1/auth/wechat/register`, `/v1/auth/password/login`, `/v1/auth/sms/login`. */
  signIn(path: string, body: object): Promise<SignedInAnswer> {
    return this.post(path, body).then(signedIn);
  }

  refresh(refreshToken: string, nonce: string): Promise<Tokens> {
    return this.post('/v1/auth/refresh', { refreshToken, nonce }).then(readTokens);
  }

  logout(refreshToken: string, scope: SignOutScope): Promise<unknown> {
    return this.post('/v1/auth/logout', { refreshToken, scope });
  }

  post(path: string, data: object): Promise<unknown> {
    const header = Object.assign({ 'content-type': 'application/json' }, this.header);
    const request = { url: this.baseURL + path, path, method: 'POST', header, data, timeout: TIMEOUT_MS };
    return exchange(this.transport, request, this.clock).then((answer) => answer.data);
  }
}

/** @throws AuthError ANSWER_UNREADABLE - a captive portal, for example, answers 200 and a page */
export function readTokens(data: unknown): Tokens {
  const { accessToken, refreshToken, expiresIn } = (data || {}) as Partial<Tokens>;
  if (accessToken && refreshToken && expiresIn) return { accessToken, refreshToken, expiresIn };
  throw new AuthError('ANSWER_UNREADABLE', { details: data });
}

function signedIn(data: unknown): SignedInAnswer {
  const answer = data as SignedInAnswer;
  readTokens(answer && answer.tokens);
  if (!answer.user) throw new AuthError('ANSWER_UNREADABLE', { details: data });
  return answer;
}
