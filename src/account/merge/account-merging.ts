import { Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/access/principal.js';
import { FreshProof, type ProofOffered } from '../../auth/proof/fresh-proof.js';
import { SessionEnding } from '../../auth/sessions/session-ending.js';
import { Database } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import { MergeTickets } from '../../users/merge-tickets.js';
import { MergeCommit, type CommittedMerge } from './merge-commit.js';

/** Merges two accounts of one person, because the person says so. */
@Injectable()
export class AccountMerging {
  constructor(
    private readonly database: Database,
    private readonly tickets: MergeTickets,
    private readonly proof: FreshProof,
    private readonly commit: MergeCommit,
    private readonly sessions: SessionEnding,
  ) {}

  /**
   * Merges the caller's account with the one that their ticket names.
   *
   * Of two calls with one ticket one takes effect. When two people merge with each other at once, or with a third, one
   * merge comes after the other and finds what the first has left.
   *
   * @throws AppError TICKET_INVALID - also when the other account has not what was proved any more; PROOF_REQUIRED - no
   *   fresh proof, or the ticket permits only to claim a number; FORBIDDEN - the other account is disabled; USER_DISABLED,
   *   SESSION_EXPIRED; and what a call of WeChat may throw
   */
  async merge(
    caller: Principal,
    ticketText: string,
    proof: ProofOffered,
    traceId: string | null,
  ): Promise<CommittedMerge> {
    const { userId } = caller;
    const ticket = await this.tickets.open(ticketText, userId);
    if (!ticket.fullProof) throw new AppError('PROOF_REQUIRED', { context: { userId, reason: 'ticket of a number' } });
    const committed = await this.tickets.attempt(ticket, async () => {
      await this.proof.prove(caller, proof);
      return this.database.transaction((transaction) => this.commit.within(transaction, caller, ticket, traceId));
    });
    // Nothing in there rolls back without throwing.
    if (!committed) throw new Error('a merge was undone for no reason');
    this.sessions.forget(committed.ended);
    return committed;
  }
}
