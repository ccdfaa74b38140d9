import { Injectable } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { SessionKeysRepository, type WechatAccount } from './session-keys.repository.js';
import { WechatApi } from './wechat-api.js';

/** Keeps the session_keys in step with WeChat. */
@Injectable()
export class SessionKeys {
  constructor(
    private readonly repository: SessionKeysRepository,
    private readonly api: WechatApi,
  ) {}

  /**
   * Asks WeChat whether the key kept here is the good one.
   *
   * @throws AppError SESSION_KEY_STALE - WeChat says no, or none is kept; and what a call of WeChat may throw
   */
  async check(account: WechatAccount): Promise<void> {
    await this.api.checkSessionKey({ ...account, sessionKey: await this.current(account) });
  }

  /** Has WeChat make a new key, and keeps it. It lives no longer than the old one would have. @throws as `check` */
  async reset(account: WechatAccount): Promise<void> {
    const calledAt = new Date();
    const { sessionKey } = await this.api.resetUserSessionKey({
      ...account,
      sessionKey: await this.current(account),
    });
    await this.repository.keep(account, sessionKey, calledAt);
  }

  private async current(account: WechatAccount): Promise<string> {
    const [sessionKey] = await this.repository.find(account);
    if (sessionKey === undefined) throw new AppError('SESSION_KEY_STALE', { context: { appId: account.appId } });
    return sessionKey;
  }
}
