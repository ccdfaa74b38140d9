import { Injectable } from '@nestjs/common';
import { Audit } from '../../audit/audit.js';
import { person } from '../../audit/audit-event.js';
import type { Principal } from '../../auth/access/principal.js';
import { SessionHandover } from '../../auth/sessions/session-handover.js';
import type { EndedSession } from '../../auth/sessions/session-ends.repository.js';
import type { Tokens } from '../../auth/sessions/tokens.dto.js';
import type { Queries } from '../../database/statement.js';
import type { OpenMergeTicket } from '../../users/merge-tickets.repository.js';
import { MergeTickets } from '../../users/merge-tickets.js';
import { UserMerging } from '../../users/user-merging.js';
import type { AccountMerged } from './merge-subscriber.js';
import { MergeSubscribers } from './merge-subscribers.js';

/** What a merge has changed, good once its transaction has committed. */
export interface CommittedMerge {
  readonly merged: AccountMerged;
  /** Of the caller's new session. */
  readonly tokens: Tokens;
  readonly ended: readonly EndedSession[];
}

/** Everything that becomes true at one moment when two accounts become one. */
@Injectable()
export class MergeCommit {
  constructor(
    private readonly tickets: MergeTickets,
    private readonly users: UserMerging,
    private readonly sessions: SessionHandover,
    private readonly subscribers: MergeSubscribers,
    private readonly audit: Audit,
  ) {}

  /**
   * Spends the ticket, merges the users, hands over the sessions, lets the business act and records it, within the caller's
   * transaction. The ticket decides between two calls with it; the rows of the users decide everything else.
   *
   * @throws AppError TICKET_INVALID, FORBIDDEN, USER_DISABLED, SESSION_EXPIRED, SERVICE_UNAVAILABLE
   */
  async within(
    transaction: Queries,
    caller: Principal,
    ticket: OpenMergeTicket,
    traceId: string | null,
  ): Promise<CommittedMerge> {
    await this.tickets.spend(transaction, ticket);
    const { survivorId, absorbedId } = await this.users.mergeWithin(transaction, ticket);
    const { tokens, ended } = await this.sessions.within(transaction, caller, { survivorId, absorbedId, traceId });
    const merged = { survivorId, absorbedId, at: new Date() };
    await this.subscribers.actWithin(merged, transaction);
    await this.audit.record(
      {
        event: 'user_merged',
        actor: person(caller.userId),
        userId: survivorId,
        sessionId: caller.sessionId,
        appId: caller.appId,
        reason: ticket.provedBy,
        subject: absorbedId,
        traceId,
      },
      transaction,
    );
    return { merged, tokens, ended };
  }
}
