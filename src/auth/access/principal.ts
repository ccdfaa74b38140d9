import { isUUID } from 'class-validator';

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

/** Reads the claims of a token whose signature is good; null when one is missing or of the wrong type. */
export function principalOf(claims: Readonly<Record<string, unknown>>): Principal | null {
  const { sub, sid, client_id: appId, roles, jti, iat, exp } = claims;
  if (!isUUID(sub) || !isUUID(sid) || typeof appId !== 'string' || appId === '') return null;
  if (typeof jti !== 'string' || !Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return null;
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string')) return null;
  return Object.freeze({
    userId: sub as string,
    sessionId: sid as string,
    appId,
    roles: Object.freeze(roles),
    issuedAt: iat as number,
    expiresAt: exp as number,
  });
}
