import { Injectable } from '@nestjs/common';
import { Audit } from '../../audit/audit.js';
import { person, type PersonalField } from '../../audit/audit-event.js';
import type { Principal } from '../../auth/access/principal.js';
import { SessionWithdrawal } from '../../auth/sessions/session-withdrawal.js';
import { Database } from '../../database/database.js';
import type { Queries } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import type { IdentityName } from '../../users/identities.repository.js';
import type { IdentityKind } from '../../users/identity.entity.js';
import { IdentityUnlinkingRepository } from '../../users/identity-unlinking.repository.js';
import { IdentityRemoval } from './identity-removal.js';

const LOST: Readonly<Record<IdentityKind, readonly PersonalField[]>> = {
  wechat_openid: ['openid', 'session_key', 'device'],
  wechat_unionid: ['unionid'],
  phone: ['phone'],
  username: ['username', 'password'],
};

/** Takes from a person one of the ways in which they are recognised. */
@Injectable()
export class IdentityUnlinking {
  constructor(
    private readonly database: Database,
    private readonly identities: IdentityUnlinkingRepository,
    private readonly removal: IdentityRemoval,
    private readonly sessions: SessionWithdrawal,
    private readonly audit: Audit,
  ) {}

  /**
   * Unlinks an identity of the caller's, and ends the sessions that it opened, as one. Of two calls at once for the last
   * two ways into an account, one is refused.
   *
   * @throws AppError NOT_FOUND - not the caller's; FORBIDDEN - the last way in; VALIDATION_FAILED - a unionid, which goes
   *   with the last openid of its Open Platform account; SESSION_EXPIRED - the caller is not active any more
   */
  async unlink(caller: Principal, identityId: string, traceId: string | null): Promise<void> {
    const { userId, sessionId, appId } = caller;
    const ended = await this.database.transaction(async (transaction) => {
      const identity = await this.admit(transaction, userId, identityId);
      const owner = { userId, identityId };
      const origin = { actor: person(userId), traceId };
      const ending = await this.sessions.endOfIdentityWithin(transaction, owner, origin);
      await this.removal.removeWithin(transaction, owner, identity);
      const event = { ...origin, event: 'identity_unlinked', userId, sessionId, appId } as const;
      await this.audit.record(
        { ...event, reason: identity.kind, subject: identityId, fields: LOST[identity.kind] },
        transaction,
      );
      return ending;
    });
    this.sessions.forget(ended ?? []);
  }

  private async admit(transaction: Queries, userId: string, identityId: string): Promise<IdentityName> {
    const context = { userId, identityId };
    const isActive = await this.identities.lock(transaction, userId);
    if (!isActive) throw new AppError('SESSION_EXPIRED', { context });
    const identity = await this.identities.find(transaction, userId, identityId);
    if (!identity) throw new AppError('NOT_FOUND', { context });
    if (identity.kind === 'wechat_unionid') {
      throw new AppError('VALIDATION_FAILED', { detail: 'A unionid goes with the last openid of its apps.' });
    }
    if (await this.identities.hasOtherWayIn(transaction, userId, identityId)) return identity;
    throw new AppError('FORBIDDEN', { detail: 'This is the last way into the account.', context });
  }
}
