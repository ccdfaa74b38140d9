import { Injectable } from '@nestjs/common';
import { Audit } from '../audit/audit.js';
import type { Origin } from '../audit/audit-event.js';
import { SessionEnding } from '../auth/sessions/session-ending.js';
import { Database, Rollback } from '../database/database.js';
import { UserStatusRepository } from '../users/user-status.repository.js';

/** Disables and enables accounts. */
@Injectable()
export class AccountLock {
  constructor(
    private readonly database: Database,
    private readonly users: UserStatusRepository,
    private readonly sessions: SessionEnding,
    private readonly audit: Audit,
  ) {}

  /**
   * Disables an account and ends its sessions, as one. No sign-in that is under way slips past: it either sees the
   * account disabled, or its session is ended here.
   *
   * False when there is no such account, or it is not active.
   */
  async disable(userId: string, origin: Origin): Promise<boolean> {
    const ended = await this.database.transaction(async (transaction) => {
      const changed = await this.users.change(transaction, userId, 'active', 'disabled');
      if (!changed) throw new Rollback();
      await this.audit.record({ event: 'user_disabled', userId, ...origin }, transaction);
      return this.sessions.endAllWithin(transaction, userId, { reason: 'disabled', ...origin });
    });
    this.sessions.forget(ended ?? []);
    return ended !== null;
  }

  /** Lets a disabled account sign in again. Its old sessions stay dead. False when there is none that is disabled. */
  async enable(userId: string, origin: Origin): Promise<boolean> {
    const enabled = await this.database.transaction(async (transaction) => {
      const changed = await this.users.change(transaction, userId, 'disabled', 'active');
      if (!changed) throw new Rollback();
      await this.audit.record({ event: 'user_enabled', userId, ...origin }, transaction);
      return true;
    });
    return enabled ?? false;
  }
}
