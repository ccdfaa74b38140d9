import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { RevocationFeed } from '../revocation/revocation-feed.js';
import { ACCESS_REFUSAL, type RevokeReason } from '../revocation/revoke-reason.js';
import { RevokedSessions } from '../revocation/revoked-sessions.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';

/** Knows whether the session behind a good access token still lives. */
@Injectable()
export class SessionLiveness {
  constructor(
    private readonly feed: RevocationFeed,
    private readonly revoked: RevokedSessions,
    private readonly sessions: SessionsRepository,
  ) {}

  /**
   * Lets live sessions pass: at once from memory, or after a query when `strict` or when the feed is too old to trust.
   *
   * @throws AppError SESSION_EXPIRED, SESSION_REVOKED, USER_DISABLED, SERVICE_UNAVAILABLE; as a rejection after a query
   */
  demand(sessionId: string, strict: boolean): true | Promise<true> {
    const reason = this.revoked.reasonOf(sessionId);
    if (reason) throw refusal(sessionId, reason);
    return strict || this.feed.isStale ? this.askDatabase(sessionId) : true;
  }

  private async askDatabase(sessionId: string): Promise<true> {
    const standing = await this.sessions.findStanding(sessionId);
    if (standing?.revokeReason) throw refusal(sessionId, standing.revokeReason);
    if (!standing || standing.expired) throw new AppError('SESSION_EXPIRED', { context: { sessionId } });
    return true;
  }
}

function refusal(sessionId: string, reason: RevokeReason): AppError {
  return new AppError(ACCESS_REFUSAL[reason], { context: { sessionId, reason } });
}
