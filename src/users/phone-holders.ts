import { Injectable } from '@nestjs/common';
import { PhoneSettings } from '../config/settings.js';
import type { Queries } from '../database/statement.js';
import { IdentitiesRepository, type FoundRow, type IdentityName } from './identities.repository.js';
import type { PhoneNumber } from './phone-number.js';
import { PhoneRepository } from './phone.repository.js';
import { mayHandOver } from './phone-trust.js';
import { PhoneVault } from './phone-vault.js';

/** Knows who holds a phone number, and gives numbers to people. */
@Injectable()
export class PhoneHolders {
  constructor(
    private readonly identities: IdentitiesRepository,
    private readonly repository: PhoneRepository,
    private readonly vault: PhoneVault,
    private readonly settings: PhoneSettings,
  ) {}

  /** The identity that a number is, and who holds it. */
  async find(number: PhoneNumber): Promise<{ phone: IdentityName; holder: FoundRow | null }> {
    const phone = await this.vault.identityOf(number);
    return { phone, holder: await this.identities.findHolder(phone) };
  }

  /** Whether a fresh proof of the number is full proof of the account that holds it. */
  isFullProof(holder: FoundRow): boolean {
    const otherIdentities = holder.identities.filter(({ kind }) => kind !== 'phone').length;
    return mayHandOver({ provedAt: holder.phone_proved_at, otherIdentities }, this.settings.trustDays);
  }

  /** As `PhoneRepository.give`. */
  async give(transaction: Queries, userId: string, number: PhoneNumber, phone: IdentityName): Promise<string> {
    return this.repository.give(transaction, userId, number, phone);
  }
}
