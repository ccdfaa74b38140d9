import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { KeyedHash } from '../../secrets/keyed-hash.js';
import type { PhoneNumber } from '../../users/phone-number.js';
import { OtpChallengesRepository } from './otp-challenges.repository.js';
import { SmsDelivery } from './sms-delivery.js';

const DIGITS = 6;
const VALID_MINUTES = 10;

/**
 * One-time codes by SMS: six digits, good for ten minutes and five tries, once.
 *
 * A number gets one code a minute and ten a day; fifteen wrong tries a day lock it for 24 hours. Kept as keyed hashes of
 * number and code, and never said again.
 */
@Injectable()
export class OneTimeCodes {
  constructor(
    private readonly challenges: OtpChallengesRepository,
    private readonly keyedHash: KeyedHash,
    private readonly delivery: SmsDelivery,
  ) {}

  /**
   * Sends a code that takes the place of the last one.
   *
   * @throws AppError RATE_LIMITED; FORBIDDEN - there is no provider; SERVICE_UNAVAILABLE - it could not be sent, and
   *   another one may be asked for at once
   */
  async send(number: PhoneNumber): Promise<void> {
    this.delivery.demandProvider();
    const code = randomInt(10 ** DIGITS)
      .toString()
      .padStart(DIGITS, '0');
    const [index, hash] = await Promise.all([this.indexOf(number), this.hashOf(number, code)]);
    const waitSeconds = await this.challenges.issue(index, hash);
    if (waitSeconds !== null) throw tooOften(waitSeconds);
    try {
      await this.delivery.deliver({ phone: number.e164, code, validMinutes: VALID_MINUTES });
    } catch (error) {
      // If this fails too, the number waits a minute.
      await this.challenges.withdraw(index, hash).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Comes back when it is the code that was sent to this number last; the code is then spent.
   *
   * @throws AppError OTP_INVALID - wrong, spent, expired, tried too often, or never sent; RATE_LIMITED - the number is
   *   locked; FORBIDDEN
   */
  async spend(number: PhoneNumber, code: string): Promise<void> {
    this.delivery.demandProvider();
    const [index, hash] = await Promise.all([this.indexOf(number), this.hashOf(number, code)]);
    const verdict = await this.challenges.try(index, hash);
    if (verdict === 'right') return;
    const lockSeconds = verdict === 'none' ? await this.challenges.lockSeconds(index) : null;
    throw lockSeconds === null ? new AppError('OTP_INVALID') : tooOften(lockSeconds);
  }

  private indexOf({ e164 }: PhoneNumber): Promise<Buffer> {
    return this.keyedHash.of('otp_number', e164);
  }

  private hashOf({ e164 }: PhoneNumber, code: string): Promise<Buffer> {
    return this.keyedHash.of('otp_code', e164, code);
  }
}

function tooOften(waitSeconds: number): AppError {
  return new AppError('RATE_LIMITED', { context: { limit: 'otp' }, retryAfterSeconds: Math.max(1, waitSeconds) });
}
