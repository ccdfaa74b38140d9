import type { AuthEvents } from './auth-events.js';
import { AuthError } from './errors.js';
import type { PassportApi } from './passport-api.js';
import { Flight, type Retry } from './retry.js';
import type { Tokens } from './server-shapes.js';
import type { KeptSession, SessionStore } from './session-store.js';
import type { SignIn } from './sign-in.js';

const CONFLICTS_MAX = 3;

/**
 * The client's half of the refresh protocol: no session is lost, whatever the network does.
 *
 * One refresh at a time; it ends within three tries of 16 s each and the pauses between them, and every waiter with it. The
 * same token is sent with the same nonce until an answer comes. Only a 401 ends the session, and then its remedy decides.
 */
export class Refresh {
  private readonly flight = new Flight<KeptSession>();

  constructor(
    private readonly api: PassportApi,
    private readonly store: SessionStore,
    private readonly events: AuthEvents,
    private readonly retry: Retry,
    private readonly signIn: SignIn,
  ) {}

  /** @param stale the session that will not do any more; if another is kept by now, that one is the answer */
  inPlaceOf(stale: KeptSession): Promise<KeptSession> {
    return this.flight.join(() => this.retry.run(() => this.attempt(stale), ({ isTransient }) => isTransient));
  }

  private async attempt(stale: KeptSession): Promise<KeptSession> {
    const sent = this.store.reload();
    if (!sent) throw new AuthError('SIGN_IN_REQUIRED');
    if (sent.accessToken !== stale.accessToken) return sent;
    const seconds = this.store.countRefresh();
    if (seconds > 0) throw new AuthError('RATE_LIMITED', { retryAfter: seconds, message: 'refreshed too often' });
    let tokens: Tokens;
    try {
      tokens = await this.api.refresh(sent.refreshToken, sent.nonce);
    } catch (error) {
      return this.afterRefusal(sent, error as AuthError);
    }
    return this.keep(sent, tokens);
  }

  private keep(sent: KeptSession, tokens: Tokens): KeptSession {
    const kept = this.store.replace(sent, tokens);
    if (!kept) throw new AuthError('SIGN_IN_REQUIRED', { message: 'signed out meanwhile' });
    if (kept.accessToken === tokens.accessToken) this.events.emit('TOKEN_REFRESHED', kept);
    return kept;
  }

  private async afterRefusal(sent: KeptSession, error: AuthError): Promise<KeptSession> {
    if (error.status !== 401 && error.status !== 409) throw error;
    if (!this.store.holds(sent)) {
      if (this.store.session) return this.store.session;
      throw new AuthError('SIGN_IN_REQUIRED', { message: 'signed out meanwhile' });
    }
    if (error.status === 409 && this.store.countConflict(sent) < CONFLICTS_MAX) throw error;
    if (error.remedy === 'ask-user') {
      this.signIn.end(true);
      throw error;
    }
    return this.signIn.silently();
  }
}
