import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/catalog.js';
import { networkOf } from '../../limits/client-network.js';
import { Limits } from '../../limits/limits.js';

// What somebody who guesses codes gets to hear.
const REJECTIONS: readonly ErrorCode[] = [
  'WECHAT_CODE_REJECTED',
  'TICKET_INVALID',
  'CREDENTIALS_INVALID',
  'OTP_INVALID',
];

/**
 * How often may be signed in. Phones of a carrier share an address, so it is refused codes that count by address; the number
 * of calls does so only far above what people do.
 */
@Injectable()
export class SignInLimits {
  constructor(private readonly limits: Limits) {}

  /** Before anything is asked of WeChat or the database. @throws AppError RATE_LIMITED */
  async admit(address: string | undefined): Promise<void> {
    const network = networkOf(address);
    await this.limits.consume('sign_in_flood', network);
    await this.limits.check('code_rejected', network);
  }

  /** After a failure; counts those that a guess would meet. */
  async failed(error: unknown, address: string | undefined): Promise<void> {
    if (!(error instanceof AppError) || !REJECTIONS.includes(error.code)) return;
    await this.limits.count('code_rejected', networkOf(address));
  }

  /** Before a one-time code is sent. @throws AppError RATE_LIMITED */
  async admitMessage(address: string | undefined): Promise<void> {
    await this.limits.consume('otp_address_day', networkOf(address));
  }

  /** After it is known who is signing in. @throws AppError RATE_LIMITED */
  async admitIdentity({ appId, openid }: { readonly appId: string; readonly openid: string }): Promise<void> {
    await this.limits.consume('sign_in_identity', appId, openid);
  }
}
