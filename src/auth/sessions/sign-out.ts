import { Injectable } from '@nestjs/common';
import { SELF } from '../../audit/audit-event.js';
import { AppError } from '../../errors/app-error.js';
import { REFRESH_REFUSAL } from '../revocation/revoke-reason.js';
import { SessionEnding } from './session-ending.js';
import { SessionTokens } from './session-tokens.js';
import type { Ending } from './session-ends.repository.js';
import type { LogoutScope } from './sessions.dto.js';
import { SessionsRepository } from './sessions.repository.js';

/** Ends sessions because their person says so. Saying it twice is no error. */
@Injectable()
export class SignOut {
  constructor(
    private readonly tokens: SessionTokens,
    private readonly sessions: SessionsRepository,
    private readonly ending: SessionEnding,
  ) {}

  /** Signs out the caller's session, all others of the user, or all. */
  async of(userId: string, sessionId: string, scope: LogoutScope, traceId: string | null): Promise<void> {
    if (scope === 'local') await this.ending.end(sessionId, 'sign_out', byThemselves(traceId));
    else await this.ending.endAllOfUser(userId, byThemselves(traceId), scope === 'others' ? sessionId : null);
  }

  /**
   * The same by an authentic refresh token of any generation.
   *
   * A dead session's token can end nothing else: for more than itself the session has to be alive.
   *
   * @throws AppError REFRESH_TOKEN_INVALID; for the scopes others and global also SESSION_EXPIRED, SESSION_REVOKED, …
   */
  async byRefreshToken(refreshToken: string, scope: LogoutScope, traceId: string | null): Promise<void> {
    const { sessionId } = await this.tokens.read(refreshToken);
    if (scope === 'local') {
      await this.ending.end(sessionId, 'sign_out', byThemselves(traceId));
      return;
    }
    const standing = await this.sessions.findStanding(sessionId);
    if (!standing) throw new AppError('REFRESH_TOKEN_INVALID', { context: { sessionId } });
    if (standing.revokeReason) throw new AppError(REFRESH_REFUSAL[standing.revokeReason], { context: { sessionId } });
    if (standing.expired) throw new AppError('SESSION_EXPIRED', { context: { sessionId } });
    await this.of(standing.userId, sessionId, scope, traceId);
  }

  /** @throws AppError NOT_FOUND - the user has no live session with this id */
  async device(userId: string, sessionId: string, traceId: string | null): Promise<void> {
    const ended = await this.ending.end(sessionId, 'session_revoked', byThemselves(traceId), userId);
    if (!ended) throw new AppError('NOT_FOUND');
  }
}

function byThemselves(traceId: string | null): Ending {
  return { reason: 'signed_out', actor: SELF, traceId };
}
