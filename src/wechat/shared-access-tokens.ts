import { createHash } from 'node:crypto';

/** An access_token of WeChat and how long it is good for. */
export interface AccessToken {
  readonly value: string;
  readonly secondsLeft: number;
}

/** At most so many forced renewals a day and app, and so far apart (getStableAccessToken). */
export const FORCED_A_DAY = 20;
export const FORCED_APART_SECONDS = 30;

/**
 * Where instances leave the access_token of an app for each other, sealed. Apps never mix.
 *
 * Any method may fail when the place cannot be reached; whoever uses it has to go on without.
 */
export abstract class SharedAccessTokens {
  /** The token that is there, also one that is about to expire. */
  abstract find(appId: string): Promise<AccessToken | null>;

  /** Leaves a token, unless one is there that expires later: an older token never replaces a newer one. */
  abstract offer(appId: string, token: AccessToken): Promise<void>;

  /** Removes this very token, if it is still there. */
  abstract drop(appId: string, value: string): Promise<void>;

  /**
   * Takes one forced renewal out of the budget that all instances have together.
   *
   * Answers false when the budget does not allow one now, and when another token than the refused one is there.
   */
  abstract takeForcedRenewal(appId: string, refused: string): Promise<boolean>;
}

/** Names a token without telling it. */
export function fingerprintOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
