import { Injectable } from '@nestjs/common';
import { Sealer } from '../crypto/sealer.js';
import { Database } from '../database/database.js';
import { statement, type Queries } from '../database/statement.js';
import { placeIn, type SealedColumn } from '../secrets/sealed-column.js';
import type { IdentityName } from './identities.repository.js';
import type { MergeGround } from './merge-ticket.entity.js';
import type { PhoneNumber } from './phone-number.js';

/** Where the number of a ticket is sealed. */
export const MERGE_TICKET_PHONE: SealedColumn = { table: 'merge_tickets', column: 'phone_sealed', key: { id: 'uuid' } };

/** A ticket as it is written. */
export interface NewMergeTicket {
  readonly id: string;
  readonly ticketHash: Buffer;
  readonly userId: string;
  readonly otherUserId: string;
  readonly provedBy: MergeGround;
  /** What was proved; noted only while the other user holds it. */
  readonly proved: IdentityName;
  readonly fullProof: boolean;
  readonly phone: PhoneNumber | null;
}

/** A ticket that may be honoured. */
export interface OpenMergeTicket {
  readonly id: string;
  readonly userId: string;
  readonly otherUserId: string;
  readonly provedBy: MergeGround;
  /** The other user must still hold it; null when they had given it up before the ticket was written. */
  readonly provedIdentityId: string | null;
  readonly fullProof: boolean;
  readonly phone: PhoneNumber | null;
}

interface TicketRow extends Omit<OpenMergeTicket, 'phone'> {
  readonly sealed: Buffer | null;
}

const FAILURES_MAX = 5;
const IS_OPEN = `failures < ${FAILURES_MAX} and expires_at > now()`;

const insertTicket = statement<never>(
  'insert_merge_ticket',
  `insert into merge_tickets (id, ticket_hash, user_id, other_user_id, proved_by, full_proof, phone_sealed, expires_at,
                              proved_identity_id)
   values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8),
           (select id from identities where kind = $9 and issuer = $10 and subject = $11 and user_id = $4))`,
);

const findOpenTicket = statement<TicketRow>(
  'find_open_merge_ticket',
  `select id, user_id as "userId", other_user_id as "otherUserId", proved_by as "provedBy",
          proved_identity_id as "provedIdentityId", full_proof as "fullProof", phone_sealed as sealed
   from merge_tickets where ticket_hash = $1 and ${IS_OPEN}`,
);

const spendTicket = statement<{ id: string }>(
  'spend_merge_ticket',
  `delete from merge_tickets where id = $1 and ${IS_OPEN} returning id`,
);

const countFailure = statement<never>(
  'count_merge_ticket_failure',
  'update merge_tickets set failures = failures + 1 where id = $1',
);

const deleteDeadTickets = statement<{ id: string }>(
  'delete_dead_merge_tickets',
  `delete from merge_tickets where id in (
     select id from merge_tickets where expires_at < now() order by expires_at limit $1 for update skip locked)
   returning id`,
);

/** The table of merge tickets. That one is spent once is decided by its deletion. */
@Injectable()
export class MergeTicketsRepository {
  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
  ) {}

  async insert(ticket: NewMergeTicket, lifeSeconds: number): Promise<void> {
    const { id, ticketHash, userId, otherUserId, provedBy, proved, fullProof, phone } = ticket;
    const sealed = phone && this.sealer.seal(Buffer.from(phone.e164, 'utf8'), placeIn(MERGE_TICKET_PHONE, id));
    const values = [id, ticketHash, userId, otherUserId, provedBy, fullProof, sealed, lifeSeconds];
    await this.database.query(insertTicket, [...values, proved.kind, proved.issuer, proved.subject]);
  }

  /** Null when there is none, or it has expired, was spent, or has failed too often. */
  async findOpen(ticketHash: Buffer): Promise<OpenMergeTicket | null> {
    const [row] = await this.database.query(findOpenTicket, [ticketHash]);
    if (!row) return null;
    const { sealed, ...ticket } = row;
    const e164 = sealed && this.sealer.open(sealed, placeIn(MERGE_TICKET_PHONE, ticket.id)).toString('utf8');
    return { ...ticket, phone: e164 === null ? null : { e164 } };
  }

  /** Spends a ticket with the caller's transaction. False when it can be spent no more. */
  async spend(transaction: Queries, id: string): Promise<boolean> {
    return (await transaction.query(spendTicket, [id])).length === 1;
  }

  async countFailure(id: string): Promise<void> {
    await this.database.query(countFailure, [id]);
  }

  /** Deletes up to `limit` expired tickets, and says how many. */
  async deleteDead(limit: number): Promise<number> {
    return (await this.database.query(deleteDeadTickets, [limit])).length;
  }
}
