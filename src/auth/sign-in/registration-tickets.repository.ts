import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { DELETION_CHUNK } from '../../database/cleaning.js';
import { Database } from '../../database/database.js';
import { statement, type Queries } from '../../database/statement.js';
import type { WechatIdentity } from '../../users/identity-linking.js';

interface TicketRow {
  readonly id: string;
  readonly app_id: string;
  readonly openid: string;
  readonly open_platform: string | null;
  readonly unionid: string | null;
}

/** A ticket that may be honoured. */
export interface OpenTicket {
  readonly id: string;
  readonly identity: WechatIdentity;
}

const FAILURES_MAX = 5;
const IS_OPEN = `failures < ${FAILURES_MAX} and expires_at > now()`;

const insertTicket = statement<never>(
  'insert_registration_ticket',
  `insert into registration_tickets (id, ticket_hash, app_id, openid, open_platform, unionid, expires_at)
   values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))`,
);

const findOpenTicket = statement<TicketRow>(
  'find_open_registration_ticket',
  `select id, app_id, openid, open_platform, unionid from registration_tickets where ticket_hash = $1 and ${IS_OPEN}`,
);

const spendTicket = statement<{ id: string }>(
  'spend_registration_ticket',
  `delete from registration_tickets where id = $1 and ${IS_OPEN} returning id`,
);

const countFailure = statement<never>(
  'count_registration_ticket_failure',
  'update registration_tickets set failures = failures + 1 where id = $1',
);

const forgetTicketsOf = statement<never>(
  'forget_registration_tickets_of',
  'delete from registration_tickets where app_id = $1 and openid = $2',
);

const deleteDeadTickets = statement<{ id: string }>(
  'delete_dead_registration_tickets',
  `delete from registration_tickets where id in (
     select id from registration_tickets where expires_at < now() order by expires_at limit ${DELETION_CHUNK} for update skip locked)
   returning id`,
);

/** The table of registration tickets. That one is spent once is decided by its deletion. */
@Injectable()
export class RegistrationTicketsRepository {
  constructor(private readonly database: Database) {}

  async insert(ticketHash: Buffer, { appId, openid, union }: WechatIdentity, lifeSeconds: number): Promise<void> {
    const values = [uuidv7(), ticketHash, appId, openid, union?.openPlatform ?? null, union?.unionid ?? null];
    await this.database.query(insertTicket, [...values, lifeSeconds]);
  }

  /** Null when there is none, or it has expired, was spent, or has failed too often. */
  async findOpen(ticketHash: Buffer): Promise<OpenTicket | null> {
    const [row] = await this.database.query(findOpenTicket, [ticketHash]);
    return row ? toOpenTicket(row) : null;
  }

  /** Spends a ticket with the caller's transaction. False when it can be spent no more. */
  async spend(transaction: Queries, id: string): Promise<boolean> {
    return (await transaction.query(spendTicket, [id])).length === 1;
  }

  async countFailure(id: string): Promise<void> {
    await this.database.query(countFailure, [id]);
  }

  /** Ends every ticket of a WeChat identity within the caller's transaction. */
  async forget(transaction: Queries, { appId, openid }: Pick<WechatIdentity, 'appId' | 'openid'>): Promise<void> {
    await transaction.query(forgetTicketsOf, [appId, openid]);
  }

  /** Deletes a chunk of expired tickets, and says how many. */
  async deleteDead(): Promise<number> {
    return (await this.database.query(deleteDeadTickets, [])).length;
  }
}

function toOpenTicket({ id, app_id: appId, openid, open_platform: openPlatform, unionid }: TicketRow): OpenTicket {
  const union = openPlatform !== null && unionid !== null ? { openPlatform, unionid } : null;
  return { id, identity: { appId, openid, union } };
}
