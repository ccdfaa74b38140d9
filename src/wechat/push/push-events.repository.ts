import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../database/database.js';
import { statement, type Queries } from '../../database/statement.js';
import type { PushOutcome } from './push-event.entity.js';

/** How an event is remembered. */
export interface NewPushEvent {
  readonly hash: Buffer;
  readonly appId: string;
  readonly event: string;
  readonly outcome: PushOutcome;
  /** Whether nobody has to be told of it. */
  readonly delivered: boolean;
}

/** An event that was taken before. */
export interface TakenPush {
  readonly id: string;
  readonly delivered: boolean;
}

const insertEvent = statement<{ id: string }>(
  'insert_push_event',
  `insert into push_events (id, event_hash, app_id, event, outcome, delivered_at)
   values ($1, $2, $3, $4, $5, case when $6 then now() end)
   on conflict (event_hash) do nothing
   returning id`,
);

const findEvent = statement<TakenPush>(
  'find_push_event',
  `select id, delivered_at is not null as delivered from push_events where event_hash = $1`,
);

const markDelivered = statement<never>(
  'mark_push_delivered',
  `update push_events set delivered_at = now() where id = $1 and delivered_at is null`,
);

const deleteOld = statement<{ id: string }>(
  'delete_old_push_events',
  `delete from push_events where id in (
     select id from push_events where received_at < now() - make_interval(days => $1) and outcome <> 'obeyed'
     order by received_at limit $2 for update skip locked)
   returning id`,
);

/** The push_events table. That an event has its effect once is decided by its unique constraint. */
@Injectable()
export class PushEventsRepository {
  constructor(private readonly database: Database) {}

  /** Remembers an event and answers its id; null when it was taken before. Waits for a repeat that is being taken now. */
  async insert(transaction: Queries, event: NewPushEvent): Promise<string | null> {
    const { hash, appId, event: name, outcome, delivered } = event;
    const [row] = await transaction.query(insertEvent, [uuidv7(), hash, appId, name, outcome, delivered]);
    return row?.id ?? null;
  }

  /** Null when there is no such event any more. */
  async find(hash: Buffer): Promise<TakenPush | null> {
    const [row] = await this.database.query(findEvent, [hash]);
    return row ?? null;
  }

  async markDelivered(id: string): Promise<void> {
    await this.database.query(markDelivered, [id]);
  }

  /** Deletes up to `limit` events older than `days` that deleted nothing, and says how many. */
  async deleteOld(days: number, limit: number): Promise<number> {
    return (await this.database.query(deleteOld, [days, limit])).length;
  }
}
