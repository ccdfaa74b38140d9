import { Injectable } from '@nestjs/common';
import { Audit } from '../audit/audit.js';
import { SELF } from '../audit/audit-event.js';
import type { Principal } from '../auth/access/principal.js';
import { Database, Rollback } from '../database/database.js';
import { AppError } from '../errors/app-error.js';
import { MergeTickets } from '../users/merge-tickets.js';
import { PhoneHolders } from '../users/phone-holders.js';
import type { PhoneNumber } from '../users/phone-number.js';

/** Makes a proved phone number a person's own. */
@Injectable()
export class PhoneBinding {
  constructor(
    private readonly database: Database,
    private readonly phones: PhoneHolders,
    private readonly tickets: MergeTickets,
    private readonly audit: Audit,
  ) {}

  /**
   * Binds a number that was proved just now, in the place of the person's last one. Binding it again renews the proof.
   *
   * @throws AppError PHONE_ALREADY_LINKED - it is somebody else's; nothing was changed, and unless that account is disabled
   *   the problem carries a ticket to merge with it or to claim the number
   */
  async bind({ userId, sessionId, appId }: Principal, number: PhoneNumber, traceId: string | null): Promise<void> {
    const { phone } = await this.phones.find(number);
    const bound = await this.database.transaction(async (transaction) => {
      const holder = await this.phones.give(transaction, userId, number, phone);
      if (holder !== userId) throw new Rollback();
      const event = { event: 'phone_changed', actor: SELF, userId, sessionId, appId, traceId } as const;
      await this.audit.record({ ...event, fields: ['phone'] }, transaction);
      return true;
    });
    if (!bound) throw await this.conflict(userId, number);
  }

  private async conflict(userId: string, number: PhoneNumber): Promise<AppError> {
    const context = { userId };
    const { holder } = await this.phones.find(number);
    if (holder?.status !== 'active' || holder.id === userId) return new AppError('PHONE_ALREADY_LINKED', { context });
    const fullProof = this.phones.isFullProof(holder);
    const proposal = { userId, otherUserId: holder.id, fullProof, with: 'phone', phone: number } as const;
    return new AppError('PHONE_ALREADY_LINKED', { context, extensions: await this.tickets.offer(proposal) });
  }
}
