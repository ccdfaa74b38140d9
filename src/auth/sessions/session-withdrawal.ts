import { Injectable } from '@nestjs/common';
import type { Origin } from '../../audit/audit-event.js';
import type { Queries } from '../../database/statement.js';
import { SessionEnding } from './session-ending.js';
import type { EndedSession } from './session-ends.repository.js';
import { SessionWithdrawalRepository } from './session-withdrawal.repository.js';

/**
 * Ends the sessions of a person who withdraws, and forgets their devices, within the caller's transaction.
 *
 * To their apps they are signed out by their person: an app that signed in again by itself would undo the withdrawal.
 */
@Injectable()
export class SessionWithdrawal {
  constructor(
    private readonly repository: SessionWithdrawalRepository,
    private readonly ending: SessionEnding,
  ) {}

  /** All sessions of a user. The caller hands the answer to `forget` once it has committed. */
  async endAllWithin(transaction: Queries, userId: string, origin: Origin): Promise<EndedSession[]> {
    const ended = await this.ending.endAllWithin(transaction, userId, { reason: 'signed_out', ...origin });
    await this.repository.forgetDevices(transaction, userId);
    return ended;
  }

  /** The sessions of a user in one app, if one is named, and those its identity opened. The caller holds the user's row, as above. */
  async endOfAppWithin(
    transaction: Queries,
    owner: { readonly userId: string; readonly identityId: string; readonly appId: string | null },
    origin: Origin,
  ): Promise<EndedSession[]> {
    const ended = await this.repository.endOfApp(
      transaction,
      owner,
      { reason: 'signed_out', ...origin },
      this.ending.feedSeconds,
    );
    await this.repository.forgetDevices(transaction, owner.userId, owner);
    return ended;
  }

  /** The sessions that an identity opened, or that speak for it, and no others. The caller holds the user's row. */
  async endOfIdentityWithin(
    transaction: Queries,
    owner: { readonly userId: string; readonly identityId: string },
    origin: Origin,
  ): Promise<EndedSession[]> {
    return this.endOfAppWithin(transaction, { ...owner, appId: null }, origin);
  }

  /** Makes this process refuse the access tokens of sessions whose end has been committed. */
  forget(ended: readonly EndedSession[]): void {
    this.ending.forget(ended);
  }
}
