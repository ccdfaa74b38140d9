import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { TokenSettings } from '../../config/settings.js';
import { KeyRing } from './key-ring.js';

/** RFC 9068 section 2.1. */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** What an access token says about its holder. */
export interface AccessTokenSubject {
  readonly userId: string;
  readonly sessionId: string;
  readonly appId: string;
  readonly roles: readonly string[];
  /** Seconds until the session ends for good; no access token outlives it. */
  readonly absoluteSeconds: number;
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
    const { kid, privateKey } = this.keys.signing();
    const expiresIn = Math.max(1, Math.min(this.settings.accessTtlSeconds, subject.absoluteSeconds));
    const iat = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.settings.issuer,
      aud: this.settings.audience,
      sub: subject.userId,
      sid: subject.sessionId,
      jti: randomBytes(16).toString('base64url'),
      iat,
      exp: iat + expiresIn,
      client_id: subject.appId,
      roles: subject.roles,
    };
    const header = { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid };
    const accessToken = this.jwt.sign(claims, { algorithm: 'ES256', header, privateKey });
    return { accessToken, expiresIn };
  }
}
