import { Injectable } from '@nestjs/common';
import type { Queries } from '../../database/statement.js';
import type { IdentityName } from '../../users/identities.repository.js';
import { IdentityUnlinkingRepository } from '../../users/identity-unlinking.repository.js';
import { IdentityWithdrawalRepository, type OpenidOwner } from '../../users/identity-withdrawal.repository.js';
import { OpenidRemoval } from './openid-removal.js';

/** Takes identities away from users, with what has no meaning without them. */
@Injectable()
export class IdentityRemoval {
  constructor(
    private readonly openids: OpenidRemoval,
    private readonly withdrawal: IdentityWithdrawalRepository,
    private readonly unlinking: IdentityUnlinkingRepository,
  ) {}

  /**
   * Removes an identity within the caller's transaction, which holds the user's row: an openid with its session_keys and
   * a unionid that it leaves alone, a phone number with its sealed copy, a username with the password.
   */
  async removeWithin(transaction: Queries, owner: OpenidOwner, { kind, issuer, subject }: IdentityName): Promise<void> {
    switch (kind) {
      case 'wechat_openid':
        return this.openids.removeWithin(transaction, owner, { appId: issuer, openid: subject });
      case 'phone':
        return this.withdrawal.clearProfile(transaction, owner.userId, ['phone']);
      case 'username':
        return this.unlinking.removeUsername(transaction, owner.userId, owner.identityId);
      case 'wechat_unionid':
        throw new Error('a unionid is removed with its last openid');
      default:
        return kind satisfies never;
    }
  }
}
