import { Injectable } from '@nestjs/common';
import { Audit } from '../../audit/audit.js';
import { person } from '../../audit/audit-event.js';
import type { Principal } from '../../auth/access/principal.js';
import { Database } from '../../database/database.js';
import type { Queries } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import type { IdentityName } from '../../users/identities.repository.js';
import type { OpenMergeTicket } from '../../users/merge-tickets.repository.js';
import { MergeTickets } from '../../users/merge-tickets.js';
import type { PhoneNumber } from '../../users/phone-number.js';
import { PhoneRepository } from '../../users/phone.repository.js';
import { PhoneVault } from '../../users/phone-vault.js';
import { UserMerging } from '../../users/user-merging.js';

/** Moves a phone number, and nothing else, to the person who has proved to have the phone. */
@Injectable()
export class PhoneClaim {
  constructor(
    private readonly database: Database,
    private readonly tickets: MergeTickets,
    private readonly users: UserMerging,
    private readonly phones: PhoneRepository,
    private readonly vault: PhoneVault,
    private readonly audit: Audit,
  ) {}

  /**
   * Takes the number of a ticket from the account that holds it; that account keeps everything else.
   *
   * @throws AppError TICKET_INVALID; PHONE_ALREADY_LINKED - the number is the other account's last way in; FORBIDDEN - that
   *   account is disabled; USER_DISABLED, SESSION_EXPIRED
   */
  async claim(caller: Principal, ticketText: string, traceId: string | null): Promise<void> {
    const ticket = await this.tickets.open(ticketText, caller.userId);
    const { phone } = ticket;
    if (!phone) throw new AppError('TICKET_INVALID', { context: { userId: caller.userId, reason: 'of no number' } });
    const identity = await this.vault.identityOf(phone);
    await this.tickets.attempt(ticket, () =>
      this.database.transaction((transaction) =>
        this.move(transaction, caller, { ...ticket, phone, identity }, traceId),
      ),
    );
  }

  private async move(
    transaction: Queries,
    { userId, sessionId, appId }: Principal,
    { identity, ...ticket }: OpenMergeTicket & { readonly phone: PhoneNumber; readonly identity: IdentityName },
    traceId: string | null,
  ): Promise<void> {
    const { otherUserId } = ticket;
    await this.tickets.spend(transaction, ticket);
    await this.users.lockPair(transaction, ticket);
    // Of the last way in, a proof of the number is full proof of the account (`mayHandOver`): the two may become one instead.
    const isFreed = await this.phones.free(transaction, otherUserId, identity);
    if (!isFreed) throw new AppError('PHONE_ALREADY_LINKED', { context: { userId, reason: 'last way in' } });

    await this.phones.give(transaction, userId, ticket.phone, identity);
    const event = { event: 'phone_changed', actor: person(userId), fields: ['phone'], appId, traceId } as const;
    await this.audit.record({ ...event, userId: otherUserId, reason: 'claimed' }, transaction);
    await this.audit.record({ ...event, userId, sessionId, subject: otherUserId, reason: 'claimed' }, transaction);
  }
}
