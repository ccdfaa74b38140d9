import { Injectable } from '@nestjs/common';
import { PhoneSettings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import type { Appearance } from './identities.repository.js';
import { NumberHoldersRepository } from './number-holders.repository.js';
import type { PhoneNumber } from './phone-number.js';
import { mayHandOver } from './phone-trust.js';

// Every attempt is lost only to somebody who wrote what the next one then reads; more than a few mean a fault.
const ATTEMPTS = 5;

/** Decides which user a freshly proved phone number belongs to. */
@Injectable()
export class PhoneLinking {
  constructor(
    private readonly holders: NumberHoldersRepository,
    private readonly settings: PhoneSettings,
  ) {}

  /**
   * The user who holds the number, whose proof is renewed, or a new one. Two first sign-ins with one number give the same
   * user, however they interleave.
   *
   * @throws AppError PHONE_ALREADY_LINKED - the account that holds it may be of the number's last owner
   */
  async resolve(number: PhoneNumber, appearance: Appearance): Promise<{ userId: string; isNewUser: boolean }> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const holder = await this.holders.find(number);
      if (holder) {
        const { userId } = holder;
        if (!mayHandOver(holder, this.settings.trustDays)) {
          throw new AppError('PHONE_ALREADY_LINKED', { context: { userId, reason: 'proved too long ago' } });
        }
        if (await this.holders.renew(userId, number)) return { userId, isNewUser: false };
      } else {
        const userId = await this.holders.create(number, appearance);
        if (userId !== null) return { userId, isNewUser: true };
      }
    }
    throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'number kept changing' }, retryAfterSeconds: 1 });
  }
}
