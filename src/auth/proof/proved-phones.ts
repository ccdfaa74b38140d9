import { Injectable } from '@nestjs/common';
import { ServerSettings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { isTestNumber, readWechatNumber, type PhoneNumber } from '../../users/phone-number.js';
import type { WechatAccount } from '../../wechat/session-keys.repository.js';
import { WechatPhones, type PhoneProof } from '../../wechat/wechat-phones.js';

/** Turns what the phone button gave a mini-program into a number that may be believed. */
@Injectable()
export class ProvedPhones {
  constructor(
    private readonly wechatPhones: WechatPhones,
    private readonly server: ServerSettings,
  ) {}

  /**
   * The number that WeChat vouches for. The numbers of WeChat's virtual accounts are refused in production: they are
   * everybody's.
   *
   * @throws AppError PHONE_CODE_REJECTED, USER_DATA_UNREADABLE, and what a call of WeChat may throw
   */
  async of(account: WechatAccount, readerId: string, proof: PhoneProof): Promise<PhoneNumber> {
    const { countryCode, purePhoneNumber } = await this.wechatPhones.prove(account, readerId, proof);
    const number = readWechatNumber(countryCode, purePhoneNumber);
    const reason = number ? 'a number of a virtual account' : 'no phone number';
    if (!number || (this.server.production && isTestNumber(number))) {
      throw new AppError('PHONE_CODE_REJECTED', { context: { appId: account.appId, reason } });
    }
    return number;
  }
}
