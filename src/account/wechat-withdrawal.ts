import { Injectable } from '@nestjs/common';
import type { Origin, PersonalField } from '../audit/audit-event.js';
import { SessionWithdrawal } from '../auth/sessions/session-withdrawal.js';
import type { EndedSession } from '../auth/sessions/session-ends.repository.js';
import type { Queries } from '../database/statement.js';
import { IdentityWithdrawalRepository, type OpenidOwner } from '../users/identity-withdrawal.repository.js';
import { textOf } from '../wechat/push/parse-push.js';
import type { PushEvent } from '../wechat/push/push-event.js';
import { WechatPushSubscriber, type PushEffect, type PushSubscriber } from '../wechat/push/push-subscriber.js';
import { AccountErasure } from './account-erasure.js';
import { OpenidRemoval } from './identities/openid-removal.js';
import { PersonalTraces } from './personal-traces.js';
import { withdrawnFields } from './withdrawn-fields.js';

const NOTHING: PushEffect = { userId: null, withdrawn: [] };
const LEAVING: readonly PersonalField[] = ['openid', 'session_key', 'device', 'nickname', 'avatar'];

/**
 * Deletes what people withdraw in WeChat, in the transaction that remembers WeChat's push.
 *
 * Nicknames and avatars do not say which app they came from, so a person who leaves one app loses them in all.
 */
@Injectable()
@WechatPushSubscriber()
export class WechatWithdrawal implements PushSubscriber {
  constructor(
    private readonly identities: IdentityWithdrawalRepository,
    private readonly sessions: SessionWithdrawal,
    private readonly openids: OpenidRemoval,
    private readonly traces: PersonalTraces,
    private readonly erasure: AccountErasure,
  ) {}

  async withinTransaction(event: PushEvent, transaction: Queries): Promise<PushEffect | null> {
    switch (event.name) {
      case 'user_authorization_revoke':
        return this.clear(event, transaction);
      case 'user_authorization_cancellation':
        return this.leave(event, transaction);
      default:
        return null;
    }
  }

  /** The person takes back the permission to use some of their data. */
  private async clear({ appId, openid, fields }: PushEvent, transaction: Queries): Promise<PushEffect> {
    const withdrawn = withdrawnFields(textOf(fields, 'RevokeInfo') ?? '');
    if (openid === null || withdrawn.length === 0) return NOTHING;
    const owner = await this.identities.lockOwner(transaction, appId, openid);
    if (!owner) return NOTHING;
    await this.identities.clearProfile(transaction, owner.userId, withdrawn);
    if (withdrawn.includes('avatar')) await this.traces.forgetAvatars(transaction, owner.userId);
    return { userId: owner.userId, withdrawn };
  }

  /** The person leaves the app: what it had of them goes, and all of the person if no other way leads to them. */
  private async leave({ appId, openid, traceId }: PushEvent, transaction: Queries): Promise<PushEffect> {
    if (openid === null) return NOTHING;
    const owner = await this.identities.lockOwner(transaction, appId, openid);
    if (!owner) {
      await this.traces.forgetWechat(transaction, { appId, openid });
      return { ...NOTHING, withdrawn: ['session_key'] };
    }

    const origin: Origin = { actor: { kind: 'wechat', id: null }, traceId };
    const ended = await this.sessions.endOfAppWithin(transaction, { ...owner, appId }, origin);
    // Moved to another user in the instant before the lock: undone, and WeChat repeats the push.
    await this.openids.removeWithin(transaction, owner, { appId, openid });
    await this.identities.clearProfile(transaction, owner.userId, ['nickname', 'avatar']);
    await this.traces.forgetAvatars(transaction, owner.userId);
    await this.erasure.buryWithin(transaction, [{ appId, openid }]);
    const rest = await this.eraseIfNobody(transaction, owner, origin);
    return {
      userId: owner.userId,
      withdrawn: LEAVING,
      committed: () => this.sessions.forget([...ended, ...rest]),
    };
  }

  private async eraseIfNobody(transaction: Queries, { userId }: OpenidOwner, origin: Origin): Promise<EndedSession[]> {
    if (await this.identities.hasWayIn(transaction, userId)) return [];
    return (await this.erasure.eraseWithin(transaction, userId, origin)) ?? [];
  }
}
