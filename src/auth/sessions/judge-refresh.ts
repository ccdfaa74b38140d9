import type { RefreshTokenPoint } from '../tokens/refresh-tokens.js';
import type { RevokeReason } from '../revocation/revoke-reason.js';

/**
 * How long a message may still be under way: 60 s of `wx.request` and what proxies add.
 *
 * It is both the time in which a repeat without a nonce gets the same child and the time in which a late duplicate is
 * forgiven. Apart from each other the two would lose sessions, so this is one constant and not configuration.
 */
export const MESSAGE_LIFETIME_SECONDS = 120;

/** In the ring: every fork of the generation, because which ones there were was lost with the commits. */
export const ANY_FORK = -1;

/** A session's row as the refresh protocol sees it. All ages are seconds by the database's clock. */
export interface RefreshState {
  readonly generation: number;
  readonly fork: number;
  readonly parentFork: number | null;
  readonly parentNonceHash: Buffer | null;
  /** Since the child came into being or, to a client without a nonce, was last handed out. */
  readonly rotatedSecondsAgo: number;
  readonly retired: readonly { readonly generation: number; readonly fork: number; readonly secondsAgo: number }[];
  readonly expired: boolean;
  readonly revokeReason: RevokeReason | null;
}

/** What an authentic refresh token means for the session it names. */
export type RefreshVerdict =
  /** It is the newest: the child comes into being. */
  | 'use'
  /** A repeat of the request that made the child: the same child again. */
  | 'repeat'
  /** Another request with the child's parent: a new child takes the place of the one that may have been lost. */
  | 'fork'
  /** It is newer than the row, which lost its last commits in a failover. */
  | 'fast-forward'
  /** A late duplicate of something that has been replaced since. */
  | 'superseded'
  /** Somebody else has used it. */
  | 'reused'
  | 'expired'
  | 'revoked';

/**
 * Decides what to do with an authentic refresh token. Pure; the caller carries it out by compare-and-set.
 *
 * @param nonceHash hash of the client's nonce, null without one
 */
export function judgeRefresh(state: RefreshState, token: RefreshTokenPoint, nonceHash: Buffer | null): RefreshVerdict {
  if (state.revokeReason) return 'revoked';
  if (state.expired) return 'expired';
  if (token.generation === state.generation && token.fork === state.fork) return 'use';
  if (isAhead(state, token)) return 'fast-forward';
  if (isParent(state, token)) return isRepeat(state, nonceHash) ? 'repeat' : 'fork';

  const retired = state.retired.find(
    ({ generation, fork }) => generation === token.generation && (fork === token.fork || fork === ANY_FORK),
  );
  return retired && retired.secondsAgo < MESSAGE_LIFETIME_SECONDS ? 'superseded' : 'reused';
}

function isAhead(state: RefreshState, token: RefreshTokenPoint): boolean {
  return token.generation > state.generation || (token.generation === state.generation && token.fork > state.fork);
}

function isParent(state: RefreshState, token: RefreshTokenPoint): boolean {
  return token.generation === state.generation - 1 && token.fork === state.parentFork;
}

function isRepeat(state: RefreshState, nonceHash: Buffer | null): boolean {
  if (!nonceHash) return state.rotatedSecondsAgo < MESSAGE_LIFETIME_SECONDS;
  return state.parentNonceHash?.equals(nonceHash) ?? false;
}
