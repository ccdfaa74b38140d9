import { Injectable } from '@nestjs/common';
import { WechatSettings } from '../../config/settings.js';
import type { Queries } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import { IdentityWithdrawalRepository, type OpenidOwner } from '../../users/identity-withdrawal.repository.js';
import type { WechatAccount } from '../../wechat/session-keys.repository.js';
import { PersonalTraces } from '../personal-traces.js';

/** Takes openids away from users. */
@Injectable()
export class OpenidRemoval {
  constructor(
    private readonly identities: IdentityWithdrawalRepository,
    private readonly traces: PersonalTraces,
    private readonly settings: WechatSettings,
  ) {}

  /**
   * Removes an openid, its session_keys and, if it was the person's last one of an Open Platform account, their unionid of
   * it. Within the caller's transaction, which holds the user's row.
   *
   * @throws AppError SERVICE_UNAVAILABLE - it moved to another user in the instant before the lock; to be tried again
   */
  async removeWithin(transaction: Queries, owner: OpenidOwner, { appId, openid }: WechatAccount): Promise<void> {
    const removed = await this.identities.remove(transaction, owner);
    if (!removed) throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'identity moved' } });
    await this.traces.forgetWechat(transaction, { appId, openid });
    const { openPlatform } = this.settings.apps.find((app) => app.appId === appId) ?? {};
    if (!openPlatform) return;
    const siblings = this.settings.apps.filter((app) => app.openPlatform === openPlatform).map((app) => app.appId);
    await this.identities.removeLoneUnionid(transaction, owner.userId, openPlatform, siblings);
  }
}
