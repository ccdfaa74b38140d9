import { Injectable } from '@nestjs/common';
import { Cleaning, DELETION_CHUNK, untilFewer, type CleaningJob } from '../database/cleaning.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';

const deleteExpired = statement<{ key: string }>(
  'delete_expired_rate_limits',
  `delete from rate_limits where key in (
     select key from rate_limits where expire < $1 order by expire limit ${DELETION_CHUNK} for update skip locked)
   returning key`,
);

/** Deletes counters whose window has passed. */
@Injectable()
export class RateLimitCleaning implements CleaningJob {
  readonly name = 'rate limits';
  readonly everyMs = 300_000;

  constructor(
    cleaning: Cleaning,
    private readonly database: Database,
  ) {
    cleaning.add(this);
  }

  chunks(): AsyncGenerator<number> {
    return untilFewer(DELETION_CHUNK, async () => (await this.database.query(deleteExpired, [Date.now()])).length);
  }
}
