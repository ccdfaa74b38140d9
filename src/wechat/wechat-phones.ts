import { Injectable } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import type { SealedUserData } from './decrypt-user-data.js';
import type { WechatAccount } from './session-keys.repository.js';
import { UserData } from './user-data.js';
import { WechatApi } from './wechat-api.js';

/** What a mini-program gets from the phone button: a code, or encrypted data from an old base library. */
export type PhoneProof = { readonly code: string } | SealedUserData;

/** A phone number as WeChat tells it, digits only. */
export interface WechatNumber {
  readonly countryCode: string;
  readonly purePhoneNumber: string;
}

/** Learns from WeChat which phone number a person has. */
@Injectable()
export class WechatPhones {
  constructor(
    private readonly api: WechatApi,
    private readonly userData: UserData,
  ) {}

  /**
   * The number that WeChat vouches for as this person's. A code is checked by WeChat to be this very openid's.
   *
   * @param readerId the session, or the ticket, that shows the proof; encrypted data is read for one of them only
   * @throws AppError PHONE_CODE_REJECTED, USER_DATA_UNREADABLE, and what a call of WeChat may throw
   */
  async prove(account: WechatAccount, readerId: string, proof: PhoneProof): Promise<WechatNumber> {
    if ('code' in proof) return this.api.getPhoneNumber({ ...account, code: proof.code });
    const { countryCode, purePhoneNumber } = await this.userData.read(account, readerId, proof);
    if (!isDigits(countryCode) || !isDigits(purePhoneNumber)) {
      throw new AppError('USER_DATA_UNREADABLE', { context: { appId: account.appId, reason: 'no phone number' } });
    }
    return { countryCode: String(countryCode), purePhoneNumber: String(purePhoneNumber) };
  }
}

/** WeChat writes the country code as text or as a number. */
function isDigits(value: unknown): value is string | number {
  return (typeof value === 'string' || typeof value === 'number') && /^\d{1,15}$/.test(String(value));
}
