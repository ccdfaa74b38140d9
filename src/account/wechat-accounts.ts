import { Injectable } from '@nestjs/common';
import type { Principal } from '../auth/access/principal.js';
import { SessionsRepository } from '../auth/sessions/sessions.repository.js';
import { AppError } from '../errors/app-error.js';
import type { WechatAccount } from '../wechat/session-keys.repository.js';

/** Knows as whom of WeChat's a session speaks. */
@Injectable()
export class WechatAccounts {
  constructor(private readonly sessions: SessionsRepository) {}

  /**
   * The openid that opened the caller's session, or was linked in it.
   *
   * @throws AppError WECHAT_IDENTITY_REQUIRED - the session came about without WeChat, or the identity was unlinked
   */
  async of({ sessionId }: Principal): Promise<WechatAccount> {
    const account = await this.sessions.findWechatAccount(sessionId);
    if (!account) throw new AppError('WECHAT_IDENTITY_REQUIRED', { context: { sessionId } });
    return account;
  }
}
