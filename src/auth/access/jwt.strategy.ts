import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy, type SecretOrKeyProvider } from 'passport-jwt';
import { TokenSettings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { accessTokenRules } from '../tokens/access-tokens.js';
import { readAccessTokenClaims } from '../tokens/access-token-claims.js';
import { accessTokenKeyId } from '../tokens/access-token-header.js';
import { KeyRing } from '../tokens/key-ring.js';
import { principalOf, type Principal } from './principal.js';
import { TokenCarriers } from './token-carriers.js';

/** Passport's `jwt` strategy: verifies an access token of ours. Algorithm, issuer, audience and type are pinned. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(
    private readonly settings: TokenSettings,
    keys: KeyRing,
    carriers: TokenCarriers,
  ) {
    super({
      jwtFromRequest: carriers.tokenOf,
      secretOrKeyProvider: keyProvider(keys),
      // passport-jwt overwrites what `jsonWebTokenOptions` has under the names of its own options, and has none for maxAge.
      ...accessTokenRules(settings),
      jsonWebTokenOptions: accessTokenRules(settings),
    });
  }

  validate(payload: object): Principal {
    const claims = readAccessTokenClaims(payload);
    if (!claims) throw new AppError('ACCESS_TOKEN_INVALID', { context: { reason: 'claims' } });
    return principalOf(claims, this.settings.accessTtlSeconds);
  }
}

/** Yields a public key only for a token that has exactly our outer form, and only one of our own keys. */
function keyProvider(keys: KeyRing): SecretOrKeyProvider {
  return (_request, rawToken: unknown, done) => {
    findKey(keys, rawToken).then(
      // jsonwebtoken, under passport-jwt, takes a KeyObject; the typings of passport-jwt are older than that.
      (key) => done(null, key as unknown as string),
      (error: unknown) => done(error),
    );
  };
}

async function findKey(keys: KeyRing, rawToken: unknown): Promise<KeyObject> {
  const kid = typeof rawToken === 'string' ? accessTokenKeyId(rawToken) : null;
  if (kid === null) throw new AppError('ACCESS_TOKEN_INVALID', { context: { reason: 'form' } });
  const key = keys.verification(kid) ?? (await keys.verificationAfterReload(kid));
  if (!key) throw new AppError('ACCESS_TOKEN_INVALID', { context: { reason: 'unknown key' } });
  return key;
}
