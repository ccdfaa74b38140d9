import { Injectable } from '@nestjs/common';
import { SYSTEM } from '../audit/audit-event.js';
import { Audit } from '../audit/audit.js';
import { PhoneSettings } from '../config/settings.js';
import { Rollback } from '../database/database.js';
import type { Queries } from '../database/statement.js';
import { AppError } from '../errors/app-error.js';
import { IdentitiesRepository, type Appearance, type FoundRow, type IdentityName } from './identities.repository.js';
import type { PhoneNumber } from './phone-number.js';
import { PhoneRepository } from './phone.repository.js';
import { mayHandOver } from './phone-trust.js';
import { PhoneVault } from './phone-vault.js';

/** A number on its way to somebody new. */
export interface PhoneHandover {
  readonly userId: string;
  readonly number: PhoneNumber;
  readonly phone: IdentityName;
  /** Whose it was so far; null when it was nobody's. */
  readonly from: string | null;
}

/** Knows who holds a phone number, and gives numbers to people. */
@Injectable()
export class PhoneHolders {
  constructor(
    private readonly identities: IdentitiesRepository,
    private readonly repository: PhoneRepository,
    private readonly vault: PhoneVault,
    private readonly settings: PhoneSettings,
    private readonly audit: Audit,
  ) {}

  /** The identity that a number is, and who holds it. */
  async find(number: PhoneNumber): Promise<{ phone: IdentityName; holder: FoundRow | null }> {
    const phone = await this.vault.identityOf(number);
    return { phone, holder: await this.identities.findHolder(phone) };
  }

  /**
   * The account that holds the number may be of its last owner: a person who says so is given the number, and no account.
   *
   * @throws AppError PHONE_ALREADY_LINKED - they do not say so; FORBIDDEN - the account is disabled
   */
  demandClaim(holder: FoundRow, claims: boolean): void {
    if (!claims)
      throw new AppError('PHONE_ALREADY_LINKED', { context: { userId: holder.id, reason: 'proved too long ago' } });
    if (holder.status !== 'active')
      throw new AppError('FORBIDDEN', { context: { userId: holder.id, reason: 'disabled' } });
  }

  /** Whether a fresh proof of the number is full proof of the account that holds it. */
  isFullProof(holder: FoundRow): boolean {
    const otherIdentities = holder.identities.filter(({ kind }) => kind !== 'phone').length;
    return mayHandOver({ provedAt: holder.phone_proved_at, otherIdentities }, this.settings.trustDays);
  }

  /**
   * Gives a number to somebody new, within the caller's transaction, and takes it from whom it was before; that account
   * keeps everything else.
   *
   * @throws Rollback - the number is no more where it was, or is by now the other account's last way in
   */
  async hand(
    transaction: Queries,
    { userId, number, phone, from }: PhoneHandover,
    { appId, traceId }: Appearance,
  ): Promise<void> {
    if (from !== null) {
      if (!(await this.repository.free(transaction, from, phone))) throw new Rollback();
      const event = {
        event: 'phone_changed',
        actor: SYSTEM,
        fields: ['phone'],
        reason: 'claimed',
        appId,
        traceId,
      } as const;
      await this.audit.record({ ...event, userId: from, subject: userId }, transaction);
    }
    if ((await this.repository.give(transaction, userId, number, phone)) !== userId) throw new Rollback();
  }

  /** As `PhoneRepository.give`. */
  async give(transaction: Queries, userId: string, number: PhoneNumber, phone: IdentityName): Promise<string> {
    return this.repository.give(transaction, userId, number, phone);
  }
}
