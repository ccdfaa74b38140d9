import { Injectable } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import type { Appearance } from './identities.repository.js';
import { NumberHoldersRepository } from './number-holders.repository.js';
import { PhoneHolders } from './phone-holders.js';
import type { PhoneNumber } from './phone-number.js';

// Every attempt is lost only to somebody who wrote what the next one then reads; more than a few mean a fault.
const ATTEMPTS = 5;

/** Decides which user a freshly proved phone number belongs to. */
@Injectable()
export class PhoneLinking {
  constructor(
    private readonly holders: PhoneHolders,
    private readonly repository: NumberHoldersRepository,
  ) {}

  /**
   * The user who holds the number, whose proof is renewed, or a new one. Two first sign-ins with one number give the same
   * user, however they interleave.
   *
   * @param admit asked before somebody new comes about: throws if they may not, otherwise answers the version of the
   *   policy that is to be recorded
   * @throws AppError PHONE_ALREADY_LINKED - the account that holds it may be of the number's last owner; and what `admit`
   *   throws
   */
  async resolve(
    number: PhoneNumber,
    appearance: Appearance,
    admit: () => string | null,
  ): Promise<{ userId: string; isNewUser: boolean }> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { phone, holder } = await this.holders.find(number);
      if (holder && !this.holders.isFullProof(holder)) {
        throw new AppError('PHONE_ALREADY_LINKED', { context: { userId: holder.id, reason: 'proved too long ago' } });
      }
      if (holder && (await this.repository.renew(holder.id, phone))) return { userId: holder.id, isNewUser: false };
      const userId = holder ? null : await this.repository.create(number, phone, admit(), appearance);
      if (userId !== null) return { userId, isNewUser: true };
    }
    throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'number kept changing' }, retryAfterSeconds: 1 });
  }
}
