import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { TokenSettings } from '../../config/settings.js';
import { accessTokenKeyId } from './access-token-header.js';
import { readAccessTokenClaims, type AccessTokenClaims } from './access-token-claims.js';
import { signEs256 } from './es256-key.js';
import { KeyRing } from './key-ring.js';

/** What an access token says about its holder. */
export interface AccessTokenSubject {
  readonly userId: string;
  readonly sessionId: string;
  readonly appId: string;
  readonly roles: readonly string[];
  /** Seconds until the session ends for good; no access token outlives it. */
  readonly absoluteSeconds: number;
}

/** What every access token must fulfil beside its signature. Nothing of it can be chosen by the token. */
export function accessTokenRules(settings: TokenSettings) {
  return {
    algorithms: ['ES256' as const],
    issuer: settings.issuer,
    audience: settings.audience,
    // Lowering the lifetime of access tokens takes effect on those that are out already.
    maxAge: `${settings.accessTtlSeconds}s`,
  };
}

/** Signs access tokens: JWT, ES256, RFC 9068. Nothing of WeChat stands in them. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: KeyRing,
    private readonly settings: TokenSettings,
  ) {}

  issue(subject: AccessTokenSubject): { accessToken: string; expiresIn: number } {
    const { header, privateKey } = this.keys.signing();
    const expiresIn = Math.max(1, Math.min(this.settings.accessTtlSeconds, subject.absoluteSeconds));
    const iat = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.settings.issuer,
      aud: this.settings.audience,
      sub: subject.userId,
      sid: subject.sessionId,
      jti: randomUUID(),
      iat,
      exp: iat + expiresIn,
      client_id: subject.appId,
      roles: subject.roles,
    };
    // RFC 7515 section 7.1. jsonwebtoken would look at the key and at every option anew and take three times as long.
    const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return { accessToken: `${signed}.${signEs256(signed, privateKey)}`, expiresIn };
  }

  /** The claims of a good access token, otherwise null. Says nothing about a revoked session. */
  async verify(token: string): Promise<AccessTokenClaims | null> {
    const kid = accessTokenKeyId(token);
    const key =
      kid === null ? undefined : (this.keys.verification(kid) ?? (await this.keys.verificationAfterReload(kid)));
    if (!key) return null;
    try {
      // jsonwebtoken, under @nestjs/jwt, takes a KeyObject; the typings name what it was before.
      const publicKey = key as unknown as string;
      return readAccessTokenClaims(
        await this.jwt.verifyAsync<object>(token, { ...accessTokenRules(this.settings), publicKey }),
      );
    } catch {
      return null;
    }
  }
}
