import { Injectable } from '@nestjs/common';
import { Cleaning, DELETION_CHUNK, untilFewer, type CleaningJob } from '../../database/cleaning.js';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { RevocationsRepository } from '../revocation/revocations.repository.js';

// Any constant will do, as long as every version of this program uses the same.
const CLEANING_LOCK = 7_283_646_102;
// A dead session still tells its client why it died for this long after it would have expired anyway.
const KEEP_DAYS = 7;

// A walk along the primary key: an index on a column that every refresh changes would cost every refresh. The lock is
// asked for where the chunk is read: a part that deletes runs whatever the rest of the statement thinks of it.
const cleanChunk = statement<{ last_id: string | null; deleted: number }>(
  'clean_sessions',
  `with turn as materialized (select pg_try_advisory_xact_lock(${CLEANING_LOCK}) as mine),
   chunk as (
     select id, idle_expires_at from sessions where (select mine from turn) and id > $1 order by id limit ${DELETION_CHUNK}),
   dead as (
     select s.id from sessions s join chunk using (id)
     where s.idle_expires_at < now() - make_interval(days => ${KEEP_DAYS})
     for update of s skip locked),
   deleted as (delete from sessions where id in (select id from dead) returning 1)
   select (select max(id::text) from chunk) as last_id, (select count(*)::int from deleted) as deleted`,
);

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Deletes sessions and revocations that no longer matter; sessions on one instance at a time. */
@Injectable()
export class SessionCleaning implements CleaningJob {
  readonly name = 'sessions and revocations';
  readonly everyMs = 600_000;

  constructor(
    cleaning: Cleaning,
    private readonly database: Database,
    private readonly revocations: RevocationsRepository,
  ) {
    cleaning.add(this);
  }

  async *chunks(): AsyncGenerator<number> {
    yield* untilFewer(DELETION_CHUNK, () => this.revocations.deleteExpired());
    yield* this.sessions();
  }

  /** Walks along all sessions, and deletes the dead of each chunk. */
  private async *sessions(): AsyncGenerator<number> {
    let after: string | null = FIRST_ID;
    while (after !== null) {
      const [chunk]: { last_id: string | null; deleted: number }[] = await this.database.query(cleanChunk, [after]);
      yield chunk?.deleted ?? 0;
      after = chunk?.last_id ?? null;
    }
  }
}
