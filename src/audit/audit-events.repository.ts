import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { statement, type Queries } from '../database/statement.js';
import type { ActorKind, AuditEventName, NewAuditEvent, PersonalField } from './audit-event.js';

/** An event with the id it will have, and how long ago it happened. */
export interface DatedEvent {
  readonly id: string;
  readonly event: NewAuditEvent;
  readonly agoMs: number;
}

/** An event as it was recorded. */
export interface RecordedEvent {
  readonly id: string;
  readonly at: Date;
  readonly event: AuditEventName;
  readonly userId: string | null;
  readonly actorKind: ActorKind;
  readonly actorId: string | null;
  readonly sessionId: string | null;
  readonly appId: string | null;
  readonly reason: string | null;
  readonly subject: string | null;
  readonly fields: readonly PersonalField[];
  readonly traceId: string | null;
}

/** Which events to read. */
export interface AuditFilter {
  readonly since: Date | null;
  readonly userId: string | null;
}

/**
 * SQL of the columns that a larger statement puts into the log, for `insert into audit_events … select`: what such a
 * statement does and its record are one commit and one round trip.
 */
export const AUDIT_COLUMNS = '(id, event, user_id, actor_kind, actor_id, session_id, app_id, reason, trace_id)';

/** SQL of a new UUIDv7 by the database's clock (RFC 9562 section 5.7); PostgreSQL has a function for it only since 18. */
export const NEW_AUDIT_ID = `encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
  placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1),
  'hex')::uuid`;

/** Events that one statement reads or deletes. */
export const AUDIT_CHUNK = 1000;

/** Sorts before every other id. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000';

// Any constant will do, as long as every version of this program uses the same.
const CLEANING_LOCK = 7_283_646_103;

// As JSON, because `unnest` would take the fields of all rows apart. A batch whose answer was lost may come once more.
const insertEvents = statement<never>(
  'insert_audit_events',
  `insert into audit_events
     (id, at, event, user_id, actor_kind, actor_id, session_id, app_id, reason, subject, fields, trace_id)
   select id, now() - make_interval(secs => ago_seconds), event, user_id, actor_kind, actor_id, session_id, app_id,
          reason, subject, fields, trace_id
   from json_to_recordset($1) as given (
     id uuid, ago_seconds float8, event text, user_id uuid, actor_kind text, actor_id text, session_id uuid,
     app_id text, reason text, subject text, fields text[], trace_id text)
   on conflict (id) do nothing`,
);

const COLUMNS = `id, at, event, user_id as "userId", actor_kind as "actorKind", actor_id as "actorId",
  session_id as "sessionId", app_id as "appId", reason, subject, fields, trace_id as "traceId"`;

const readAll = statement<RecordedEvent>(
  'read_audit_events',
  `select ${COLUMNS} from audit_events
   where id > $1 and ($2::timestamptz is null or at >= $2) order by id limit ${AUDIT_CHUNK}`,
);

const readOfUser = statement<RecordedEvent>(
  'read_audit_events_of_user',
  `select ${COLUMNS} from audit_events
   where user_id = $3 and id > $1 and ($2::timestamptz is null or at >= $2) order by id limit ${AUDIT_CHUNK}`,
);

// Ids are in the order of time, so the old ones are the first: no index on the time is needed. The lock is asked for
// where the chunk is read: a part that deletes runs whatever the rest of the statement thinks of it.
const deleteOldChunk = statement<{ mine: boolean; last_id: string | null; deleted: number }>(
  'delete_old_audit_events',
  `with turn as materialized (select pg_try_advisory_xact_lock(${CLEANING_LOCK}) as mine),
   chunk as (
     select id from audit_events where (select mine from turn) and id > $1 order by id limit ${AUDIT_CHUNK}),
   old as (
     select e.id from audit_events e join chunk using (id)
     where e.at < now() - make_interval(days => $2)
     for update of e skip locked),
   deleted as (delete from audit_events where id in (select id from old) returning 1)
   select mine, (select max(id::text) from chunk) as last_id, (select count(*)::int from deleted) as deleted from turn`,
);

/** The log of events: adding, reading in order, and deleting what is old. Nothing changes a row. */
@Injectable()
export class AuditEventsRepository {
  constructor(private readonly database: Database) {}

  /** Adds events; one that is there already stays as it is. */
  async insert(events: readonly DatedEvent[], queries: Queries = this.database): Promise<void> {
    await queries.query(insertEvents, [JSON.stringify(events.map(toGiven))]);
  }

  /** Up to `AUDIT_CHUNK` events after this id, oldest first. */
  async readAfter(id: string, { since, userId }: AuditFilter): Promise<RecordedEvent[]> {
    if (userId === null) return this.database.query(readAll, [id, since]);
    return this.database.query(readOfUser, [id, since, userId]);
  }

  /** Deletes what is too old of the next chunk after this id. Null when another instance is at it. */
  async deleteOldAfter(id: string, days: number): Promise<{ lastId: string | null; deleted: number } | null> {
    const [chunk] = await this.database.query(deleteOldChunk, [id, days]);
    return chunk?.mine ? { lastId: chunk.last_id, deleted: chunk.deleted } : null;
  }
}

function toGiven({ id, event, agoMs }: DatedEvent) {
  return {
    id,
    ago_seconds: agoMs / 1000,
    event: event.event,
    user_id: event.userId ?? null,
    actor_kind: event.actor.kind,
    actor_id: event.actor.id,
    session_id: event.sessionId ?? null,
    app_id: event.appId ?? null,
    reason: event.reason ?? null,
    subject: event.subject ?? null,
    fields: event.fields ?? [],
    trace_id: event.traceId,
  };
}
