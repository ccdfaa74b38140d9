import type { Clock } from './clock.js';
import type { Tokens, User } from './server-shapes.js';

/** Where the session rests between two starts. Synchronous, because compare-and-set needs that nothing runs in between. */
export interface SyncStorage {
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, data: string): void;
}

/** A session as it is kept. Not changed, only replaced. */
export interface KeptSession {
  readonly refreshToken: string;
  /** Made when the token was stored, and sent with every attempt to use it. */
  readonly nonce: string;
  readonly accessToken: string;
  /** When the tokens arrived, and when the access token ends, both by this phone's clock. */
  readonly receivedAt: number;
  readonly expiresAt: number;
  readonly user: User;
  /** How many 409s this token has met. */
  readonly conflicts: number;
}

interface Record {
  readonly deviceId: string;
  readonly session: KeptSession | null;
  /** A person signed out: nobody signs in silently until a person signs in. */
  readonly signedOut: boolean;
  /** When the last refreshes were sent. Kept, so that a restart does not forget them. */
  readonly refreshes: readonly number[];
  /** The refresh token of a sign-out that the server has not heard of. */
  readonly untold: string | null;
}

// The server remembers the last 8 tokens that were replaced, for 120 s: half of that is safe for two that refresh at once.
const REFRESHES_MAX = 4;
const REFRESHES_WITHIN_MS = 120_000;

const AHEAD_MS = 60_000;
const AHEAD_SHARE = 0.1;

/**
 * What outlives the app: one record under one key.
 *
 * When the storage fails, the record goes on in memory, and is written with the next change that succeeds.
 */
export class SessionStore {
  private record: Record;
  private isSaved = true;

  constructor(
    private readonly storage: SyncStorage,
    private readonly key: string,
    private readonly clock: Clock,
    private readonly randomText: () => string,
  ) {
    const empty = { deviceId: randomText(), session: null, signedOut: false, refreshes: [], untold: null };
    this.record = empty;
    this.reload();
    if (this.record === empty) this.write({});
  }

  /** As last read or written here; another client on this storage may have gone on. */
  get session(): KeptSession | null {
    return this.record.session;
  }

  get deviceId(): string {
    return this.record.deviceId;
  }

  get isSignedOut(): boolean {
    return this.record.signedOut;
  }

  get untold(): string | null {
    return this.record.untold;
  }

  /** Reads what another client on the same storage may have written. */
  reload(): KeptSession | null {
    if (this.isSaved) {
      try {
        this.record = readRecord(this.storage.getStorageSync(this.key)) || this.record;
      } catch (_error) {
        this.isSaved = false;
      }
    }
    return this.record.session;
  }

  /**
   * Keeps what a sign-in gave, unless somebody has signed out meanwhile.
   *
   * @returns null when it is not kept
   */
  open(tokens: Tokens, user: User): KeptSession | null {
    this.reload();
    if (this.record.signedOut) return null;
    const session = this.made(tokens, user);
    this.write({ session, untold: null });
    return session;
  }

  /**
   * Replaces the tokens that were sent by those that came for them, unless others are kept by now.
   *
   * @returns what is kept afterwards
   */
  replace(sent: KeptSession, tokens: Tokens): KeptSession | null {
    if (this.holds(sent)) this.write({ session: this.made(tokens, sent.user) });
    return this.record.session;
  }

  /** Whether the token that was sent is still the one that is kept. */
  holds(sent: KeptSession): boolean {
    const kept = this.reload();
    return kept !== null && kept.refreshToken === sent.refreshToken;
  }

  /** Counts a 409. */
  countConflict(sent: KeptSession): number {
    const conflicts = sent.conflicts + 1;
    if (this.holds(sent)) this.write({ session: Object.assign({}, sent, { conflicts }) });
    return conflicts;
  }

  /** @returns 0 if a refresh may be sent now, which is then counted; otherwise the seconds to wait */
  countRefresh(): number {
    const now = this.clock.now();
    // Times to come are of a clock that has been put back.
    const recent = this.record.refreshes.filter((at) => at <= now && now - at < REFRESHES_WITHIN_MS);
    if (recent.length >= REFRESHES_MAX) return Math.ceil((recent[0]! + REFRESHES_WITHIN_MS - now) / 1000);
    this.write({ refreshes: recent.concat(now) });
    return 0;
  }

  keepUser(user: User): void {
    const session = this.reload();
    if (session) this.write({ session: Object.assign({}, session, { user }) });
  }

  /** Forgets the session; for good means until a person signs in. */
  close(forGood: boolean, untold: string | null = null): void {
    this.reload();
    this.write({ session: null, signedOut: forGood, untold });
  }

  /** A person signs in. */
  reopen(): void {
    this.reload();
    if (this.record.signedOut) this.write({ signedOut: false });
  }

  /** The server knows of the sign-out. */
  told(): void {
    this.write({ untold: null });
  }

  /**
   * What this phone's clock says of the access token. A clock that has been put back before the token came says nothing, so
   * the token counts as expired.
   */
  ageOf({ receivedAt, expiresAt }: KeptSession): 'fresh' | 'ending' | 'expired' {
    const now = this.clock.now();
    if (now < receivedAt || now >= expiresAt) return 'expired';
    return expiresAt - now < Math.min(AHEAD_MS, AHEAD_SHARE * (expiresAt - receivedAt)) ? 'ending' : 'fresh';
  }

  private made({ accessToken, refreshToken, expiresIn }: Tokens, user: User): KeptSession {
    const receivedAt = this.clock.now();
    const expiresAt = receivedAt + expiresIn * 1000;
    return { refreshToken, nonce: this.randomText(), accessToken, receivedAt, expiresAt, user, conflicts: 0 };
  }

  private write(change: Partial<Record>): void {
    this.record = Object.assign({}, this.record, change);
    try {
      this.storage.setStorageSync(this.key, JSON.stringify(this.record));
      this.isSaved = true;
    } catch (_error) {
      this.isSaved = false;
    }
  }
}

function readRecord(text: unknown): Record | null {
  try {
    const record = JSON.parse(text as string) as Record;
    return typeof record.deviceId === 'string' && Array.isArray(record.refreshes) ? record : null;
  } catch (_error) {
    return null;
  }
}
