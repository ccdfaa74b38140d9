import { Injectable } from '@nestjs/common';
import { DELETION_CHUNK } from '../../database/cleaning.js';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';

// Whoever mistypes gets this many attempts without waiting.
const FREE_ATTEMPTS = 5;
// After those: 2 s, 4 s, 8 s … and never more than this, which leaves a guesser 96 attempts a day.
const LONGEST_WAIT_SECONDS = 900;
// Longer than the longest wait, or waiting would pay.
const FORGOTTEN_AFTER_SECONDS = 3600;

// Not now(): of two attempts at once the one that began earlier may come later, and must not wait for the other's beginning.
const NOT_LOCKED = 'to_timestamp(0)';

const countAttempt = statement<{ failures: number }>(
  'count_attempt',
  `insert into failed_attempts as f (subject, failures, failed_at, locked_until) values ($1, 1, now(), ${NOT_LOCKED})
   on conflict (subject) do update set
     failures = case when f.failed_at < now() - make_interval(secs => ${FORGOTTEN_AFTER_SECONDS}) then 1
                else f.failures + 1 end,
     failed_at = now(),
     locked_until = case
       when f.failed_at < now() - make_interval(secs => ${FORGOTTEN_AFTER_SECONDS}) then ${NOT_LOCKED}
       when f.failures + 1 < ${FREE_ATTEMPTS} then ${NOT_LOCKED}
       else now() + make_interval(
         secs => least(${LONGEST_WAIT_SECONDS}, power(2, least(f.failures, 30) + 2 - ${FREE_ATTEMPTS}))) end
   where f.locked_until <= now()
   returning failures`,
);

const findWait = statement<{ seconds: number }>(
  'find_attempt_wait',
  `select ceil(extract(epoch from locked_until - now()))::int as seconds from failed_attempts where subject = $1`,
);

const takeBackAttempt = statement<never>(
  'take_back_attempt',
  `update failed_attempts set failures = failures - 1, locked_until = ${NOT_LOCKED} where subject = $1 and failures > 0`,
);

const forgetFailures = statement<never>('forget_failures', 'delete from failed_attempts where subject = $1');

const cleanAttempts = statement<{ subject: Buffer }>(
  'clean_attempts',
  `delete from failed_attempts where subject in (
     select subject from failed_attempts where failed_at < now() - make_interval(secs => ${FORGOTTEN_AFTER_SECONDS})
     order by failed_at limit ${DELETION_CHUNK} for update skip locked)
   returning subject`,
);

/** The failed_attempts table: guesses are counted before they are looked at, so that many at once gain nothing. */
@Injectable()
export class AttemptsRepository {
  constructor(private readonly database: Database) {}

  /** Counts an attempt as failed until it succeeds. Answers the seconds to wait if it is too early, null if it counts. */
  async count(subject: Buffer): Promise<number | null> {
    const counted = await this.database.query(countAttempt, [subject]);
    if (counted.length > 0) return null;
    const [wait] = await this.database.query(findWait, [subject]);
    return Math.max(1, wait?.seconds ?? 1);
  }

  /** Undoes the counting of an attempt on which nobody decided. */
  async takeBack(subject: Buffer): Promise<void> {
    await this.database.query(takeBackAttempt, [subject]);
  }

  async forget(subject: Buffer): Promise<void> {
    await this.database.query(forgetFailures, [subject]);
  }

  /** Deletes a chunk of what matters no more; answers how many rows. */
  async deleteForgotten(): Promise<number> {
    return (await this.database.query(cleanAttempts, [])).length;
  }
}
