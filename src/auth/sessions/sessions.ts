import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { TokenSettings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/catalog.js';
import { LOGGER } from '../../logging/logging.module.js';
import { AccessTokens } from '../tokens/access-tokens.js';
import { RefreshTokens, type RefreshTokenPoint } from '../tokens/refresh-tokens.js';
import { judgeRefresh } from './judge-refresh.js';
import type { RevokeReason } from './session.entity.js';
import { SessionsRepository, type LiveSession, type NewSession } from './sessions.repository.js';
import type { Tokens } from './tokens.dto.js';

/** What an ended session tells the client, by the reason it ended. */
const REFUSAL: Readonly<Record<RevokeReason, ErrorCode>> = {
  signed_out: 'SESSION_REVOKED',
  reused: 'REFRESH_TOKEN_REUSED',
};

// Each attempt is lost only to another request with the same session that got further.
const ATTEMPTS = 5;

/** Opens, refreshes and ends sessions. The refresh protocol is told in `docs/guides/refresh-protocol.md`. */
@Injectable()
export class Sessions {
  constructor(
    private readonly repository: SessionsRepository,
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly settings: TokenSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws AppError USER_DISABLED - the user is not active at the moment of writing */
  async open(session: Omit<NewSession, 'id'>): Promise<Tokens> {
    const opened = await this.repository.open(
      { ...session, id: uuidv7() },
      {
        idleSeconds: this.settings.refreshIdleTtlSeconds,
        absoluteSeconds: this.settings.refreshAbsoluteTtlSeconds,
      },
    );
    if (!opened) throw new AppError('USER_DISABLED', { context: { userId: session.userId } });
    return this.tokensOf(opened);
  }

  /**
   * Exchanges a refresh token for the next one.
   *
   * Repeating a request whose answer was lost gives the same refresh token again. With a nonce, made when the token was
   * stored, that holds for as long as the session lives; without one for 120 s.
   *
   * @throws AppError REFRESH_TOKEN_INVALID, REFRESH_TOKEN_REUSED, REFRESH_SUPERSEDED, SESSION_EXPIRED, SESSION_REVOKED
   */
  async refresh(refreshToken: string, nonce: string | undefined): Promise<Tokens> {
    const token = this.readToken(refreshToken);
    const nonceHash = nonce === undefined ? null : createHash('sha256').update(nonce).digest();
    const next = await this.repository.useToken(token, nonceHash, this.settings.refreshIdleTtlSeconds);
    return this.tokensOf(next ?? (await this.refreshUncommon(token, nonceHash)));
  }

  /** Ends the session that an authentic refresh token of any generation names. Ending it twice is no error. */
  async endByRefreshToken(refreshToken: string): Promise<void> {
    await this.end(this.readToken(refreshToken).sessionId);
  }

  /** Ends a session because its person said so. */
  async end(sessionId: string): Promise<void> {
    await this.repository.revoke(sessionId, 'signed_out');
  }

  private async refreshUncommon(token: RefreshTokenPoint, nonceHash: Buffer | null): Promise<LiveSession> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = await this.repository.findState(token.sessionId);
      if (!found) throw new AppError('REFRESH_TOKEN_INVALID', { context: { sessionId: token.sessionId } });
      const next = await this.carryOut(found, token, nonceHash);
      if (next) return next;
    }
    throw new AppError('SERVICE_UNAVAILABLE', { context: { sessionId: token.sessionId }, retryAfterSeconds: 1 });
  }

  private async carryOut(
    { session, state }: NonNullable<Awaited<ReturnType<SessionsRepository['findState']>>>,
    token: RefreshTokenPoint,
    nonceHash: Buffer | null,
  ): Promise<LiveSession | null> {
    const idleSeconds = this.settings.refreshIdleTtlSeconds;
    const context = { sessionId: session.id };
    const verdict = judgeRefresh(state, token, nonceHash);
    switch (verdict) {
      case 'use':
        return this.repository.useToken(token, nonceHash, idleSeconds);
      case 'repeat':
        return session;
      case 'fork':
        return this.repository.forkChild(session, nonceHash, idleSeconds);
      case 'fast-forward':
        this.logger.warn(context, 'a session is behind its client; the database lost commits');
        return this.repository.fastForward(session, token, nonceHash, idleSeconds);
      case 'superseded':
        throw new AppError('REFRESH_SUPERSEDED', { context });
      case 'reused':
        await this.repository.revoke(session.id, 'reused');
        this.logger.warn(context, 'a used refresh token came back; the session was ended');
        throw new AppError('REFRESH_TOKEN_REUSED', { context });
      case 'expired':
        throw new AppError('SESSION_EXPIRED', { context });
      case 'revoked':
        throw new AppError(REFUSAL[state.revokeReason!], { context });
      default:
        throw new Error(`unknown verdict ${String(verdict satisfies never)}`);
    }
  }

  private readToken(refreshToken: string): RefreshTokenPoint {
    const token = this.refreshTokens.read(refreshToken);
    if (!token) throw new AppError('REFRESH_TOKEN_INVALID');
    return token;
  }

  private tokensOf(session: LiveSession): Tokens {
    const { accessToken, expiresIn } = this.accessTokens.issue({ ...session, sessionId: session.id });
    return {
      tokenType: 'Bearer',
      accessToken,
      expiresIn,
      refreshToken: this.refreshTokens.write({ ...session, sessionId: session.id }),
      refreshExpiresIn: session.idleSeconds,
    };
  }
}
