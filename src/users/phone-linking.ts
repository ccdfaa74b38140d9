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
   * @param claimsPhone whether the person says that the account which holds the number is of its last owner
   * @throws AppError PHONE_ALREADY_LINKED - it may be, and they do not say so; and what `admit` throws
   */
  async resolve(
    { number, claimsPhone }: { readonly number: PhoneNumber; readonly claimsPhone: boolean },
    appearance: Appearance,
    admit: () => string | null,
  ): Promise<{ userId: string; isNewUser: boolean }> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { phone, holder } = await this.holders.find(number);
      const isLastOwners = holder !== null && !this.holders.isFullProof(holder);
      if (isLastOwners) this.holders.demandClaim(holder, claimsPhone);
      const known = isLastOwners ? null : holder;
      if (known && (await this.repository.renew(known.id, phone))) return { userId: known.id, isNewUser: false };
      const from = holder?.id ?? null;
      const userId = known ? null : await this.repository.create({ number, phone, from }, admit(), appearance);
      if (userId !== null) return { userId, isNewUser: true };
    }
    throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'number kept changing' }, retryAfterSeconds: 1 });
  }
}
