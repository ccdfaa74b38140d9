import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { AccessTokens } from '../tokens/access-tokens.js';
import { RefreshTokens, type RefreshTokenPoint } from '../tokens/refresh-tokens.js';
import type { LiveSession } from './live-session.js';
import { Tokens } from './tokens.dto.js';

/** Turns sessions into tokens and refresh tokens into sessions. */
@Injectable()
export class SessionTokens {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
  ) {}

  of(session: LiveSession): Tokens {
    const { id: sessionId, userId, appId, roles, absoluteSeconds, generation, fork, idleSeconds } = session;
    return Object.assign(new Tokens(), {
      tokenType: 'Bearer' as const,
      ...this.accessTokens.issue({ sessionId, userId, appId, roles, absoluteSeconds }),
      refreshToken: this.refreshTokens.write({ sessionId, generation, fork }),
      refreshExpiresIn: idleSeconds,
    });
  }

  /** @throws AppError REFRESH_TOKEN_INVALID - this server did not write it */
  async read(refreshToken: string): Promise<RefreshTokenPoint> {
    const point = await this.refreshTokens.read(refreshToken);
    if (!point) throw new AppError('REFRESH_TOKEN_INVALID');
    return point;
  }
}
