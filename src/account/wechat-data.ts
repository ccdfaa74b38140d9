import { Injectable } from '@nestjs/common';
import type { Principal } from '../auth/access/principal.js';
import { maskDigits } from '../users/phone-number.js';
import type { SealedUserData } from '../wechat/decrypt-user-data.js';
import { SessionKeys } from '../wechat/session-keys.js';
import { UserData } from '../wechat/user-data.js';
import { WechatAccounts } from './wechat-accounts.js';

// WeChat's names of what a client must never learn: it would only be tempted to send it back as a proof.
const WITHHELD: ReadonlySet<string> = new Set(['openId', 'openid', 'unionId', 'unionid', 'watermark']);
const NUMBERS: ReadonlySet<string> = new Set(['phoneNumber', 'purePhoneNumber']);

/** What a signed-in person may ask of WeChat about themselves. */
@Injectable()
export class WechatData {
  constructor(
    private readonly accounts: WechatAccounts,
    private readonly userData: UserData,
    private readonly sessionKeys: SessionKeys,
  ) {}

  /**
   * Decrypts the caller's data, without openId, unionId and watermark, and with phone numbers masked.
   *
   * @throws AppError WECHAT_IDENTITY_REQUIRED, USER_DATA_UNREADABLE
   */
  async decrypt(caller: Principal, sealed: SealedUserData): Promise<Record<string, unknown>> {
    const account = await this.accounts.of(caller);
    const data = await this.userData.read(account, caller.sessionId, sealed);
    return Object.fromEntries(
      Object.entries(data)
        .filter(([field]) => !WITHHELD.has(field))
        .map(([field, value]) => [field, NUMBERS.has(field) ? maskDigits(String(value)) : value]),
    );
  }

  /**
   * Asks WeChat whether our session_key of the caller is still the good one.
   *
   * @throws AppError WECHAT_IDENTITY_REQUIRED, SESSION_KEY_STALE, and what a call of WeChat may throw
   */
  async check(caller: Principal): Promise<void> {
    await this.sessionKeys.check(await this.accounts.of(caller));
  }

  /** Has WeChat replace the caller's session_key. @throws as `check` */
  async reset(caller: Principal): Promise<void> {
    await this.sessionKeys.reset(await this.accounts.of(caller));
  }
}
