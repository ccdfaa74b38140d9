import { Injectable } from '@nestjs/common';
import type { Origin } from '../audit/audit-event.js';
import { Audit } from '../audit/audit.js';
import { SessionWithdrawal } from '../auth/sessions/session-withdrawal.js';
import type { EndedSession } from '../auth/sessions/session-ends.repository.js';
import type { Queries } from '../database/statement.js';
import { KeyedHash } from '../secrets/keyed-hash.js';
import { UserErasureRepository } from '../users/user-erasure.repository.js';
import { PersonalTraces } from './personal-traces.js';

/** What somebody who was erased leaves behind in an app: a hash that only this installation can make. */
export const ERASED_OPENID = 'erased_openid';

/** Erases people. */
@Injectable()
export class AccountErasure {
  constructor(
    private readonly users: UserErasureRepository,
    private readonly sessions: SessionWithdrawal,
    private readonly traces: PersonalTraces,
    private readonly keyedHash: KeyedHash,
    private readonly audit: Audit,
  ) {}

  /**
   * Has at hand what `eraseWithin` needs. Await it before the transaction begins: the embedded database has one connection.
   *
   * @throws AppError SERVICE_UNAVAILABLE
   */
  async prepare(): Promise<void> {
    await this.keyedHash.of(ERASED_OPENID);
  }

  /**
   * Erases a person within a larger unit of work: identities, session_keys, profile, avatar, phone, roles and devices go,
   * sessions end, and an empty row remains under the user's id. The person may come back as somebody new at once.
   *
   * The caller hands the answer to `forget` once it has committed. Null when there is no such user, or they are erased.
   */
  async eraseWithin(transaction: Queries, userId: string, origin: Origin): Promise<EndedSession[] | null> {
    // First, because it takes the user's row: no sign-in that is under way slips past.
    const ended = await this.sessions.endAllWithin(transaction, userId, origin);
    const identities = await this.users.erase(transaction, userId);
    if (!identities) return null;

    const accounts = identities
      .filter(({ kind }) => kind === 'wechat_openid')
      .map(({ issuer: appId, subject: openid }) => ({ appId, openid }));
    for (const account of accounts) await this.traces.forgetWechat(transaction, account);
    await this.traces.forgetAvatars(transaction, userId);
    await this.buryWithin(transaction, accounts);
    await this.audit.record({ ...origin, event: 'user_erased', userId }, transaction);
    return ended;
  }

  /** Leaves a tombstone for openids: a keyed hash and the time. */
  async buryWithin(
    transaction: Queries,
    accounts: readonly { readonly appId: string; readonly openid: string }[],
  ): Promise<void> {
    const hashes = await Promise.all(
      accounts.map(({ appId, openid }) => this.keyedHash.of(ERASED_OPENID, appId, openid)),
    );
    await this.users.bury(transaction, hashes);
  }

  /** Makes this process refuse the access tokens of an erasure that has been committed. */
  forget(ended: readonly EndedSession[]): void {
    this.sessions.forget(ended);
  }
}
