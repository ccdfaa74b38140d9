import { Injectable } from '@nestjs/common';
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { PassportSettings } from './passport-settings.js';
import { badToken, expiredToken, passportAway } from './refusal.js';

/** Who is calling. */
export interface Caller {
  /** Of wechat-passport; the id to keep in tables. */
  readonly userId: string;
  readonly sessionId: string;
  /** The mini-program. */
  readonly appId: string;
  readonly roles: readonly string[];
}

// A key that is revoked in an emergency leaves the published set at once.
const KEYS_KEPT_MS = 5 * 60_000;

// What jose says when the keys cannot be fetched or read. Everything else is the token's fault.
const KEYS_AWAY = ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'];

/** Verifies access tokens without asking anybody: the keys are fetched once and kept for five minutes. */
@Injectable()
export class AccessTokens {
  private readonly keys: JWTVerifyGetKey;

  constructor(private readonly passport: PassportSettings) {
    this.keys = createRemoteJWKSet(new URL(`${passport.url}/.well-known/jwks.json`), { cacheMaxAge: KEYS_KEPT_MS });
  }

  /**
   * Accepts a token until it expires, also when its session was ended meanwhile.
   *
   * @throws Refusal 401 for a token that is not good, 503 when the keys cannot be fetched
   */
  async verify(token: string): Promise<Caller> {
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        algorithms: ['ES256'],
        typ: 'at+jwt',
        issuer: this.passport.issuer,
        audience: this.passport.audience,
        requiredClaims: ['exp', 'sub', 'sid', 'client_id'],
      });
      const { sub, sid, client_id: appId, roles = [] } = payload as Record<string, unknown>;
      return { userId: sub as string, sessionId: sid as string, appId: appId as string, roles: roles as string[] };
    } catch (error) {
      if (!(error instanceof errors.JOSEError) || KEYS_AWAY.includes(error.code)) throw passportAway();
      throw error instanceof errors.JWTExpired ? expiredToken() : badToken();
    }
  }
}
