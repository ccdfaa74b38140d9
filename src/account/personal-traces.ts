import { Inject, Injectable } from '@nestjs/common';
import { RegistrationTicketsRepository } from '../auth/sign-in/registration-tickets.repository.js';
import type { Queries } from '../database/statement.js';
import { SessionKeysRepository, type WechatAccount } from '../wechat/session-keys.repository.js';
import { AVATAR_STORE, type AvatarStore } from './avatar/avatar-store.js';

/** What is kept of a person beside the rows of their account. Everything is deleted within the caller's transaction. */
@Injectable()
export class PersonalTraces {
  constructor(
    private readonly sessionKeys: SessionKeysRepository,
    private readonly tickets: RegistrationTicketsRepository,
    @Inject(AVATAR_STORE) private readonly avatars: AvatarStore,
  ) {}

  /** Deletes session_keys and open tickets of a person of WeChat's, whether or not they have an account. */
  async forgetWechat(transaction: Queries, account: WechatAccount): Promise<void> {
    await this.sessionKeys.forget(transaction, account);
    await this.tickets.forget(transaction, account);
  }

  /** Deletes every picture a person uploaded. */
  async forgetAvatars(transaction: Queries, userId: string): Promise<void> {
    await this.avatars.giveUp(transaction, userId, null);
  }
}
