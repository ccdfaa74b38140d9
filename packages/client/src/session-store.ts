import { assign } from './assign.js';
import type { Clock } from './clock.js';
import { randomText } from './random-text.js';
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

/** All that is kept. */
export interface Kept {
  readonly deviceId: string;
  readonly session: KeptSession | null;
  /** A person signed out: nobody signs in silently until a person signs in. */
  readonly signedOut: boolean;
  /** When the last refreshes were sent, so that a restart does not forget them. */
  readonly refreshes: readonly number[];
}

/** What outlives the app: one record under one key. */
export interface SessionStore {
  /** Reads it, because another client on the same storage may have gone on. */
  kept(): Kept;
  change(change: Partial<Kept>): void;
  /** A session of tokens that arrive now. */
  made(tokens: Tokens, user: User): KeptSession;
}

/** When the storage fails, the record goes on in memory, and is written with the next change that succeeds. */
export function openStore(storage: SyncStorage, key: string, clock: Clock): SessionStore {
  let kept: Kept = { deviceId: randomText(), session: null, signedOut: false, refreshes: [] };
  let isSaved = true;
  const read = (): Kept => {
    try {
      const stored = JSON.parse(storage.getStorageSync(key) as string) as Kept;
      if (isSaved && stored.deviceId) kept = stored;
    } catch {
      // Nothing is stored, or nothing that can be read.
    }
    return kept;
  };
  const change = (changed: Partial<Kept>): void => {
    kept = assign({}, read(), changed);
    isSaved = false;
    try {
      storage.setStorageSync(key, JSON.stringify(kept));
      isSaved = true;
    } catch {
      // It is kept in memory.
    }
  };
  change({});
  return {
    kept: read,
    change,
    made: ({ accessToken, refreshToken, expiresIn }, user) => {
      const receivedAt = clock.now();
      const expiresAt = receivedAt + expiresIn * 1000;
      return { refreshToken, nonce: randomText(), accessToken, receivedAt, expiresAt, user, conflicts: 0 };
    },
  };
}

const AHEAD_MS = 60_000;
const AHEAD_SHARE = 0.1;

/** What the phone's clock says of a token: -1 expired, 0 it ends soon, 1 fresh. A clock from before the token came says expired. */
export function freshnessOf({ receivedAt, expiresAt }: KeptSession, now: number): number {
  if (now < receivedAt || now >= expiresAt) return -1;
  return expiresAt - now < Math.min(AHEAD_MS, AHEAD_SHARE * (expiresAt - receivedAt)) ? 0 : 1;
}
