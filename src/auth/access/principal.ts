import type { AccessTokenClaims } from '../tokens/access-token-claims.js';

/** Who is calling, as their access token says. */
export interface Principal {
  readonly userId: string;
  readonly sessionId: string;
  readonly appId: string;
  readonly roles: readonly string[];
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** Who a token with these claims speaks for. It is good no longer than tokens live today, whatever it says. */
export function principalOf(claims: AccessTokenClaims, lifeSeconds: number): Principal {
  return Object.freeze({
    userId: claims.sub,
    sessionId: claims.sid,
    appId: claims.client_id,
    roles: Object.freeze(claims.roles),
    issuedAt: claims.iat,
    expiresAt: Math.min(claims.exp, claims.iat + lifeSeconds),
  });
}
