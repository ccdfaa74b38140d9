import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import { LOGGER } from '../../logging/logging.module.js';
import { RevocationsRepository } from '../revocation/revocations.repository.js';

const EVERY_MS = 600_000;
const CHUNK = 1000;
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
     select id, idle_expires_at from sessions where (select mine from turn) and id > $1 order by id limit ${CHUNK}),
   dead as (
     select s.id from sessions s join chunk using (id)
     where s.idle_expires_at < now() - make_interval(days => ${KEEP_DAYS})
     for update of s skip locked),
   deleted as (delete from sessions where id in (select id from dead) returning 1)
   select (select max(id::text) from chunk) as last_id, (select count(*)::int from deleted) as deleted`,
);

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Deletes sessions and revocations that no longer matter, a chunk at a time, on one instance at a time. */
@Injectable()
export class SessionCleaning implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly revocations: RevocationsRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  /** One round. Answers how many sessions were deleted; 0 also when another instance is at it. */
  async run(): Promise<number> {
    try {
      while (!this.stopped && (await this.revocations.deleteExpired()) === CHUNK);
      return await this.cleanSessions();
    } catch (error) {
      // The next round comes anyway.
      const level = error instanceof AppError ? 'warn' : 'error';
      this.logger[level]({ err: error }, 'dead sessions cannot be cleaned now');
      return 0;
    }
  }

  private async cleanSessions(): Promise<number> {
    let deleted = 0;
    let after: string | null = FIRST_ID;
    while (after !== null && !this.stopped) {
      const [chunk]: { last_id: string | null; deleted: number }[] = await this.database.query(cleanChunk, [after]);
      deleted += chunk?.deleted ?? 0;
      after = chunk?.last_id ?? null;
    }
    return deleted;
  }
}
