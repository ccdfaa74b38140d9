import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { SYSTEM } from '../../audit/audit-event.js';
import { TokenSettings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { Limits } from '../../limits/limits.js';
import { LOGGER } from '../../logging/logging.module.js';
import { REFRESH_REFUSAL } from '../revocation/revoke-reason.js';
import type { RefreshTokenPoint } from '../tokens/refresh-tokens.js';
import { judgeRefresh, type RefreshState } from './judge-refresh.js';
import { refreshes } from './refresh-metrics.js';
import { RefreshRepository } from './refresh.repository.js';
import { SessionEnding } from './session-ending.js';
import type { LiveSession } from './live-session.js';

// Each attempt is lost only to another request with the same session that got further.
const ATTEMPTS = 8;

/** A request to refresh. */
interface Attempt {
  readonly token: RefreshTokenPoint;
  /** null without a nonce. */
  readonly nonceHash: Buffer | null;
  readonly traceId: string | null;
}

/** Carries out the refresh protocol (`docs/guides/sessions.md`): no session lost, no theft unseen. */
@Injectable()
export class SessionRefresh {
  constructor(
    private readonly repository: RefreshRepository,
    private readonly ending: SessionEnding,
    private readonly limits: Limits,
    private readonly settings: TokenSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Moves a session on to its next refresh token, which the returned state names.
   *
   * The common case is one statement. Repeating a request whose answer was lost gives the same state again: with a nonce
   * for as long as the session lives, without one until 120 s have passed since it was last given.
   *
   * @throws AppError REFRESH_TOKEN_INVALID, REFRESH_TOKEN_REUSED, REFRESH_SUPERSEDED, SESSION_EXPIRED, SESSION_REVOKED,
   *   USER_DISABLED, RATE_LIMITED
   */
  async advance(token: RefreshTokenPoint, nonce: string | undefined, traceId: string | null): Promise<LiveSession> {
    await this.limits.consume('refresh', token.sessionId);
    const nonceHash = nonce === undefined ? null : createHash('sha256').update(nonce).digest();
    const next = await this.repository.useToken(token, nonceHash, this.settings.refreshIdleTtlSeconds);
    if (next) refreshes.inc({ verdict: 'use' });
    return next ?? this.advanceUncommon({ token, nonceHash, traceId });
  }

  private async advanceUncommon(request: Attempt): Promise<LiveSession> {
    const { sessionId } = request.token;
    const context = { sessionId };
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = await this.repository.findState(sessionId);
      if (!found) throw new AppError('REFRESH_TOKEN_INVALID', { context });
      const next = await this.carryOut(found.session, found.state, request);
      if (next) return next;
    }
    throw new AppError('SERVICE_UNAVAILABLE', { context, retryAfterSeconds: 1 });
  }

  /** Null when the session has changed since it was read. */
  private async carryOut(
    session: LiveSession,
    state: RefreshState,
    { token, nonceHash, traceId }: Attempt,
  ): Promise<LiveSession | null> {
    const idleSeconds = this.settings.refreshIdleTtlSeconds;
    const context = { sessionId: session.id };
    const verdict = judgeRefresh(state, token, nonceHash);
    refreshes.inc({ verdict });
    switch (verdict) {
      case 'use':
        return this.repository.useToken(token, nonceHash, idleSeconds);
      case 'repeat':
        // Without a nonce the time counts from the last answer: an older request that is still under way must not replace
        // a child that the client has just got.
        return nonceHash ? session : this.repository.repeatChild(session);
      case 'fork':
        return this.repository.forkChild(session, nonceHash, idleSeconds);
      case 'fast-forward':
        this.logger.warn(
          { event: 'session_fast_forwarded', ...context },
          'a client is ahead; the database lost commits',
        );
        return this.repository.fastForward(session, token, nonceHash, idleSeconds);
      case 'superseded':
        throw new AppError('REFRESH_SUPERSEDED', { context });
      case 'reused':
        await this.ending.end(session.id, 'refresh_reused', { reason: 'reused', actor: SYSTEM, traceId });
        this.logger.warn({ event: 'refresh_token_reused', ...context }, 'a used refresh token came back');
        throw new AppError('REFRESH_TOKEN_REUSED', { context });
      case 'expired':
        throw new AppError('SESSION_EXPIRED', { context });
      case 'revoked':
        throw new AppError(REFRESH_REFUSAL[state.revokeReason!], { context });
      default:
        throw new Error(`unknown verdict ${String(verdict satisfies never)}`);
    }
  }
}
