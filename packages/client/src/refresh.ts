import { assign } from './assign.js';
import type { Clock } from './clock.js';
import { AuthError, askUser, isTransient } from './errors.js';
import { flight, type Retry } from './retry.js';
import type { KeptSession, SessionStore } from './session-store.js';
import { readTokens, type Emit, type Post, type SignIn } from './sign-in.js';

/**
 * Refreshes, in the place of a session that will not do any more; if another one is kept by now, that is the answer.
 *
 * This is the client's half of the refresh protocol: no session is lost, whatever the network does. One refresh at a time; it
 * ends within three tries of 16 s each and the pauses between them, and every waiter with it. The same token is sent with the
 * same nonce until an answer comes. Only a 401 ends the session, and then its remedy decides.
 */
export type Refresh = (stale: KeptSession) => Promise<KeptSession>;

const CONFLICTS_MAX = 3;

// The server remembers the last 8 tokens that were replaced, for 120 s: half of that is safe for two that refresh at once.
const REFRESHES_MAX = 4;
const REFRESHES_WITHIN_MS = 120_000;

export function refreshBy(
  post: Post,
  store: SessionStore,
  emit: Emit,
  retry: Retry,
  clock: Clock,
  signIn: SignIn,
): Refresh {
  const join = flight<KeptSession>();

  const countRefresh = (): void => {
    const now = clock.now();
    // Times to come are of a clock that has been put back.
    const recent = store.kept().refreshes.filter((at) => at <= now && now - at < REFRESHES_WITHIN_MS);
    if (recent.length >= REFRESHES_MAX) {
      const seconds = Math.ceil((recent[0]! + REFRESHES_WITHIN_MS - now) / 1000);
      throw new AuthError('RATE_LIMITED', 'retry-later', undefined, undefined, 0, seconds);
    }
    store.change({ refreshes: recent.concat(now) });
  };
  /** Whether the token that was sent is still the one that is kept. */
  const isKept = (sent: KeptSession): boolean | null => {
    const { session } = store.kept();
    return session && session.refreshToken === sent.refreshToken;
  };
  const whatIsKept = (): KeptSession => {
    const { session } = store.kept();
    if (!session) throw askUser('SIGN_IN_REQUIRED');
    return session;
  };
  const afterRefusal = (sent: KeptSession, error: AuthError): KeptSession | Promise<KeptSession> => {
    const { status, remedy } = error;
    if (status !== 401 && status !== 409) throw error;
    if (!isKept(sent)) return whatIsKept();
    if (status === 409) {
      const conflicts = sent.conflicts + 1;
      store.change({ session: assign({}, sent, { conflicts }) });
      if (conflicts < CONFLICTS_MAX) throw error;
    }
    if (remedy !== 'ask-user') return signIn.silently();
    signIn.end(true);
    throw error;
  };
  const keep = (sent: KeptSession, answer: unknown): KeptSession => {
    const tokens = readTokens(answer);
    if (isKept(sent)) {
      store.change({ session: store.made(tokens, sent.user) });
      emit('TOKEN_REFRESHED');
    }
    return whatIsKept();
  };
  const attempt = (stale: KeptSession): Promise<KeptSession> => {
    const sent = whatIsKept();
    if (sent.accessToken !== stale.accessToken) return Promise.resolve(sent);
    countRefresh();
    const { refreshToken, nonce } = sent;
    return post('/refresh', { refreshToken, nonce }).then(
      (answer) => keep(sent, answer),
      (error: AuthError) => afterRefusal(sent, error),
    );
  };
  return (stale) => join(() => retry(() => attempt(stale), isTransient));
}
