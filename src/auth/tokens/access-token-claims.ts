import { isUUID } from 'class-validator';

/** The claims of our access tokens (RFC 9068 section 2.2, and the session's id). Times in seconds since 1970. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly sid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly client_id: string;
  readonly roles: readonly string[];
}

// The most that ACCESS_TOKEN_TTL_SECONDS may be.
const LONGEST_LIFE_SECONDS = 86_400;
// Clocks of two instances may differ by this much.
const CLOCK_MARGIN_SECONDS = 300;

/** Reads the claims of a token whose signature is good; null when one is missing, of the wrong type, or of no time of ours. */
export function readAccessTokenClaims(payload: object): AccessTokenClaims | null {
  const { sub, sid, client_id: appId, roles, jti, iat, exp } = payload as Readonly<Record<string, unknown>>;
  if (!isUUID(sub) || !isUUID(sid) || typeof appId !== 'string' || appId === '') return null;
  if (typeof jti !== 'string' || !isInteger(iat) || !isInteger(exp)) return null;
  if (exp <= iat || exp - iat > LONGEST_LIFE_SECONDS || iat > Date.now() / 1000 + CLOCK_MARGIN_SECONDS) return null;
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string')) return null;
  return payload as AccessTokenClaims;
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
