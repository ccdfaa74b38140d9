import { Injectable } from '@nestjs/common';
import { Audit } from '../../audit/audit.js';
import { SELF } from '../../audit/audit-event.js';
import type { Principal } from '../../auth/access/principal.js';
import { PasswordHashing } from '../../auth/credentials/password-hashing.js';
import { SessionEnding } from '../../auth/sessions/session-ending.js';
import { Database } from '../../database/database.js';
import type { Queries } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import { CredentialsRepository, type Credentials } from '../../users/credentials.repository.js';

/** What somebody wants to sign in with; both normalised and fit to be chosen. */
export interface ChosenCredentials {
  readonly username: string | null;
  readonly password: string;
}

/** Sets passwords. */
@Injectable()
export class PasswordChange {
  constructor(
    private readonly database: Database,
    private readonly credentials: CredentialsRepository,
    private readonly hashing: PasswordHashing,
    private readonly sessions: SessionEnding,
    private readonly audit: Audit,
  ) {}

  /**
   * Sets the caller's password, gives them the username if one is chosen, and ends their other sessions, as one.
   *
   * @param proved the credentials as they were before the caller's proof was asked for
   * @throws AppError PROOF_REQUIRED - the password was changed since then; IDENTITY_ALREADY_LINKED - the username is
   *   somebody else's; VALIDATION_FAILED - the caller has another username; SERVICE_UNAVAILABLE
   */
  async set(caller: Principal, proved: Credentials, chosen: ChosenCredentials, traceId: string | null): Promise<void> {
    const { userId, sessionId } = caller;
    const hash = await this.hashing.hash(chosen.password);
    const ended = await this.database.transaction(async (transaction) => {
      const isSet = await this.credentials.setPassword(transaction, proved, hash);
      if (!isSet) throw new AppError('PROOF_REQUIRED', { context: { userId, reason: 'changed meanwhile' } });
      if (chosen.username !== null) await this.choose(transaction, caller, chosen.username, traceId);
      const event = { event: 'password_changed', actor: SELF, userId, sessionId, traceId } as const;
      await this.audit.record({ ...event, fields: ['password'] }, transaction);
      const ending = { reason: 'signed_out', actor: SELF, traceId } as const;
      return this.sessions.endAllWithin(transaction, userId, ending, sessionId);
    });
    this.sessions.forget(ended ?? []);
  }

  private async choose(
    transaction: Queries,
    { userId, sessionId }: Principal,
    username: string,
    traceId: string | null,
  ): Promise<void> {
    const choice = await this.credentials.choose(transaction, userId, username);
    if (choice === 'taken') throw new AppError('IDENTITY_ALREADY_LINKED', { context: { userId, kind: 'username' } });
    if (choice === 'other') throw new AppError('VALIDATION_FAILED', { detail: 'username: cannot be changed' });
    if (choice === 'kept') return;
    const event = { event: 'identity_linked', actor: SELF, userId, sessionId, traceId } as const;
    await this.audit.record({ ...event, reason: 'username', fields: ['username'] }, transaction);
  }
}
