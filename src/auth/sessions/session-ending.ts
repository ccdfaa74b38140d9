import { Injectable } from '@nestjs/common';
import { TokenSettings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import type { Queries } from '../../database/statement.js';
import { FEED_MARGIN_SECONDS } from '../revocation/revocations.repository.js';
import { RevokedSessions } from '../revocation/revoked-sessions.js';
import { SessionEndsRepository, type EndedSession, type Ending, type EndingEvent } from './session-ends.repository.js';

/**
 * Ends sessions before their time. This process refuses their access tokens at once, every other one within a second;
 * the audit log has it in the same transaction.
 */
@Injectable()
export class SessionEnding {
  constructor(
    private readonly repository: SessionEndsRepository,
    private readonly database: Database,
    private readonly revoked: RevokedSessions,
    private readonly settings: TokenSettings,
  ) {}

  /** How long a dead session is spoken of: as long as an access token of it could be shown. */
  get feedSeconds(): number {
    return this.settings.accessTtlSeconds + FEED_MARGIN_SECONDS;
  }

  /** Ends one session, of this user if one is named. False when there is none, or it has ended before. */
  async end(sessionId: string, event: EndingEvent, ending: Ending, userId: string | null = null): Promise<boolean> {
    const ended = await this.repository.end(sessionId, event, ending, this.feedSeconds, userId);
    if (ended) this.forget([ended]);
    return ended !== null;
  }

  /** Ends one session within a larger unit of work, which calls `forget` with the answer once it has committed. */
  async endWithin(
    transaction: Queries,
    sessionId: string,
    event: EndingEvent,
    ending: Ending,
  ): Promise<EndedSession[]> {
    const ended = await this.repository.end(sessionId, event, ending, this.feedSeconds, null, transaction);
    return ended ? [ended] : [];
  }

  /** Ends all sessions of a user, or all but one. */
  async endAllOfUser(userId: string, ending: Ending, exceptId: string | null = null): Promise<void> {
    const ended = await this.database.transaction((transaction) =>
      this.endAllWithin(transaction, userId, ending, exceptId),
    );
    this.forget(ended ?? []);
  }

  /** The same within a larger unit of work, which calls `forget` with the answer once it has committed. */
  async endAllWithin(
    transaction: Queries,
    userId: string,
    ending: Ending,
    exceptId: string | null = null,
  ): Promise<EndedSession[]> {
    return this.repository.endAllOfUser(transaction, userId, ending, this.feedSeconds, exceptId);
  }

  /** Makes this process refuse the access tokens of sessions whose end has been committed. */
  forget(ended: readonly EndedSession[]): void {
    for (const { id, reason } of ended) this.revoked.add(id, reason, this.feedSeconds);
  }
}
