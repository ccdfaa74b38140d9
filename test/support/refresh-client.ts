import type { Reply } from './refresh-reference.js';

/** A refresh that a tab has begun: what it sends, however often. */
export interface Exchange {
  readonly tab: number;
  readonly refreshToken: string;
  readonly nonce: string | null;
}

/** What a client may be made to forget of its half of the protocol. */
export interface ClientHabits {
  /** Whether it sends a nonce, made when the token was stored. */
  readonly nonce: boolean;
  /** Whether it replaces the stored token only if that is still the one it sent. */
  readonly comparesAndSets: boolean;
  /** Refreshes in 120 s at most. */
  readonly refreshesMax: number;
}

export const HONEST: ClientHabits = { nonce: true, comparesAndSets: true, refreshesMax: 4 };

const REFRESHES_WITHIN_SECONDS = 120;
const CONFLICTS_MAX = 3;

/**
 * The client's half of the protocol: one store, and one or two tabs that refresh through it, each one refresh at a time.
 *
 * The store outlives the tabs. Times are seconds on a clock of the test.
 */
export class RefreshClient {
  /** Why the session is over for this client, as a sentence; null while it is not. */
  lost: string | null = null;
  private stored: { refreshToken: string; nonce: string | null };
  private readonly waiting: (Exchange | null)[];
  private sentAt: number[] = [];
  private conflicts = 0;
  private nonces = 0;

  constructor(
    refreshToken: string,
    tabs: number,
    private readonly habits: ClientHabits = HONEST,
  ) {
    this.stored = { refreshToken, nonce: this.makeNonce() };
    this.waiting = Array.from({ length: tabs }, () => null);
  }

  get store(): Readonly<{ refreshToken: string; nonce: string | null }> {
    return this.stored;
  }

  /** Whether this tab, and as many as `count` at once, may refresh now. */
  mayRefresh(tab: number, now: number, count = 1): boolean {
    const recent = this.sentAt.filter((at) => now - at < REFRESHES_WITHIN_SECONDS).length;
    return this.waiting[tab] === null && recent + count <= this.habits.refreshesMax;
  }

  refresh(tab: number, now: number): Exchange {
    const exchange = { tab, ...this.stored };
    this.waiting[tab] = exchange;
    this.sentAt = [...this.sentAt.filter((at) => now - at < REFRESHES_WITHIN_SECONDS), now];
    return exchange;
  }

  /** An answer arrives; one that nobody waits for any more is not looked at. */
  receive(exchange: Exchange, reply: Reply): void {
    if (this.waiting[exchange.tab] !== exchange) return;
    this.waiting[exchange.tab] = null;
    const isCurrent = this.stored.refreshToken === exchange.refreshToken;
    if (reply.status === 200) {
      this.conflicts = 0;
      if (isCurrent || !this.habits.comparesAndSets) {
        this.stored = { refreshToken: reply.refreshToken!, nonce: this.makeNonce() };
      }
    } else if (reply.status === 401) {
      this.lost = `401 ${reply.code}`;
    } else if (reply.status === 409 && isCurrent) {
      this.conflicts += 1;
      if (this.conflicts === CONFLICTS_MAX) this.lost = `${CONFLICTS_MAX} times 409 in a row`;
    }
  }

  /** No answer will be looked at: a network error, a time-out, a restart. The token is kept. */
  giveUp(tab: number): void {
    this.waiting[tab] = null;
  }

  isWaiting(tab: number): boolean {
    return this.waiting[tab] !== null;
  }

  private makeNonce(): string | null {
    this.nonces += 1;
    return this.habits.nonce ? `nonce-${String(this.nonces).padStart(8, '0')}` : null;
  }
}
