import type { ErrorCode } from '../../errors/catalog.js';

/** Why a session was ended before its time. */
export type RevokeReason =
  /** By its person, on this device or from another. */
  | 'signed_out'
  /** A refresh token came back that somebody else had used. */
  | 'reused'
  /** The same device signed in again. */
  | 'replaced'
  /** The person has more sessions than allowed, and this one was refreshed the longest time ago. */
  | 'evicted'
  /** The account was disabled. */
  | 'disabled'
  /** The account was merged into another one, or came out of such a merge again. */
  | 'merged';

/** What a dead session's access token gets to hear. Signed out by a person means signed out: the app must ask again. */
export const ACCESS_REFUSAL: Readonly<Record<RevokeReason, ErrorCode>> = {
  signed_out: 'SESSION_REVOKED',
  reused: 'SESSION_EXPIRED',
  replaced: 'SESSION_EXPIRED',
  evicted: 'SESSION_EXPIRED',
  disabled: 'USER_DISABLED',
  merged: 'SESSION_EXPIRED',
};

/** What a dead session's refresh token gets to hear. */
export const REFRESH_REFUSAL: Readonly<Record<RevokeReason, ErrorCode>> = {
  ...ACCESS_REFUSAL,
  reused: 'REFRESH_TOKEN_REUSED',
};
