import { Injectable } from '@nestjs/common';
import type { Origin } from '../../audit/audit-event.js';
import { Audit } from '../../audit/audit.js';
import { SessionEnding } from '../../auth/sessions/session-ending.js';
import { Database } from '../../database/database.js';
import { UserUnmerging } from '../../users/user-unmerging.js';

/** Undoes merges, for operators. */
@Injectable()
export class AccountUnmerging {
  constructor(
    private readonly database: Database,
    private readonly users: UserUnmerging,
    private readonly sessions: SessionEnding,
    private readonly audit: Audit,
  ) {}

  /**
   * Makes an account again of one that was absorbed, and answers the survivor's id. All sessions of the survivor end:
   * nobody can tell any more which of the two they are of; their apps sign in again by themselves.
   *
   * @throws UnmergeContradiction - it is too late, or something has happened since; nothing was changed
   */
  async undo(absorbedId: string, origin: Origin): Promise<string> {
    const undone = await this.database.transaction(async (transaction) => {
      const survivorId = await this.users.undoWithin(transaction, absorbedId);
      const ended = await this.sessions.endAllWithin(transaction, survivorId, { reason: 'merged', ...origin });
      const event = { event: 'user_unmerged', userId: survivorId, subject: absorbedId, ...origin } as const;
      await this.audit.record(event, transaction);
      return { survivorId, ended };
    });
    this.sessions.forget(undone!.ended);
    return undone!.survivorId;
  }
}
