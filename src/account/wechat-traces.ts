import { Injectable } from '@nestjs/common';
import { RegistrationTicketsRepository } from '../auth/sign-in/registration-tickets.repository.js';
import type { Queries } from '../database/statement.js';
import { SessionKeysRepository, type WechatAccount } from '../wechat/session-keys.repository.js';

/** What is kept of a person of WeChat's whether or not they have an account: session_keys and open tickets. */
@Injectable()
export class WechatTraces {
  constructor(
    private readonly sessionKeys: SessionKeysRepository,
    private readonly tickets: RegistrationTicketsRepository,
  ) {}

  /** Deletes it within the caller's transaction. */
  async forget(transaction: Queries, account: WechatAccount): Promise<void> {
    await this.sessionKeys.forget(transaction, account);
    await this.tickets.forget(transaction, account);
  }
}
