import { Injectable } from '@nestjs/common';
import { Audit } from '../audit/audit.js';
import { SELF } from '../audit/audit-event.js';
import type { Principal } from '../auth/access/principal.js';
import { Database, Rollback } from '../database/database.js';
import { AppError } from '../errors/app-error.js';
import { PhoneRepository } from '../users/phone.repository.js';
import type { PhoneNumber } from '../users/phone-number.js';
import { PhoneVault } from '../users/phone-vault.js';

/** Makes a proved phone number a person's own. */
@Injectable()
export class PhoneBinding {
  constructor(
    private readonly database: Database,
    private readonly phones: PhoneRepository,
    private readonly vault: PhoneVault,
    private readonly audit: Audit,
  ) {}

  /**
   * Binds a number that was proved just now, in the place of the person's last one. Binding it again renews the proof.
   *
   * @throws AppError PHONE_ALREADY_LINKED - it is somebody else's; nothing was changed
   */
  async bind({ userId, sessionId, appId }: Principal, number: PhoneNumber, traceId: string | null): Promise<void> {
    const identity = await this.vault.identityOf(number);
    const bound = await this.database.transaction(async (transaction) => {
      const holder = await this.phones.give(transaction, userId, number, identity);
      if (holder !== userId) throw new Rollback();
      const event = { event: 'phone_changed', actor: SELF, userId, sessionId, appId, traceId } as const;
      await this.audit.record({ ...event, fields: ['phone'] }, transaction);
      return true;
    });
    if (!bound) throw new AppError('PHONE_ALREADY_LINKED', { context: { userId } });
  }
}
