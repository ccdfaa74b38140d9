import { Injectable } from '@nestjs/common';
import { DELETION_CHUNK } from '../../database/cleaning.js';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';

const CODE_SECONDS = 600;
const TRIES = 5;
const PAUSE_SECONDS = 60;
const CODES_A_DAY = 10;
const WRONG_A_DAY = 15;
const DAY_SECONDS = 86_400;

const DAY_IS_OVER = `o.day_started_at <= now() - make_interval(secs => ${DAY_SECONDS})`;
const PAUSE = `make_interval(secs => ${PAUSE_SECONDS})`;

// One statement decides whether a code may be sent and replaces the last one, so that of many at once one is sent.
const issueCode = statement<{ number_index: Buffer }>(
  'issue_otp',
  `insert into otp_challenges as o (number_index, code_hash, expires_at, sent_at, sent_that_day)
   values ($1, $2, now() + make_interval(secs => ${CODE_SECONDS}), now(), 1)
   on conflict (number_index) do update set
     code_hash = excluded.code_hash, expires_at = excluded.expires_at, sent_at = now(), tries = 0,
     day_started_at = case when ${DAY_IS_OVER} then now() else o.day_started_at end,
     sent_that_day = case when ${DAY_IS_OVER} then 1 else o.sent_that_day + 1 end,
     wrong_that_day = case when ${DAY_IS_OVER} then 0 else o.wrong_that_day end
   where (o.sent_at is null or o.sent_at <= now() - ${PAUSE})
     and (o.sent_that_day < ${CODES_A_DAY} or ${DAY_IS_OVER})
     and (o.locked_until is null or o.locked_until <= now())
   returning number_index`,
);

const findWait = statement<{ seconds: number }>(
  'find_otp_wait',
  `select ceil(extract(epoch from greatest(
     sent_at + ${PAUSE},
     case when sent_that_day >= ${CODES_A_DAY} then day_started_at + make_interval(secs => ${DAY_SECONDS}) end,
     locked_until) - now()))::int as seconds
   from otp_challenges where number_index = $1`,
);

const withdrawCode = statement<never>(
  'withdraw_otp',
  `update otp_challenges set code_hash = null, sent_at = null, sent_that_day = greatest(0, sent_that_day - 1)
   where number_index = $1 and code_hash = $2`,
);

// The try is counted, and a right code spent, by the one who comes first: the row lock lets no second one see it unspent.
const tryCode = statement<{ right: boolean }>(
  'try_otp',
  `update otp_challenges set
     tries = tries + 1,
     code_hash = case when code_hash = $2 then null else code_hash end,
     wrong_that_day = wrong_that_day + case when code_hash = $2 then 0 else 1 end,
     locked_until = case when code_hash <> $2 and wrong_that_day + 1 >= ${WRONG_A_DAY}
                    then now() + make_interval(secs => ${DAY_SECONDS}) else locked_until end
   where number_index = $1 and code_hash is not null and expires_at > now() and tries < ${TRIES}
     and (locked_until is null or locked_until <= now())
   returning code_hash is null as right`,
);

const findLock = statement<{ seconds: number }>(
  'find_otp_lock',
  `select ceil(extract(epoch from locked_until - now()))::int as seconds
   from otp_challenges where number_index = $1 and locked_until > now()`,
);

// What was counted matters until its day is over, and a lock until it ends.
const cleanChallenges = statement<{ number_index: Buffer }>(
  'clean_otp_challenges',
  `delete from otp_challenges where number_index in (
     select number_index from otp_challenges
     where expires_at < now() - make_interval(secs => ${DAY_SECONDS}) and (locked_until is null or locked_until < now())
     order by expires_at limit ${DELETION_CHUNK} for update skip locked)
   returning number_index`,
);

/** The otp_challenges table: one code a number, and what was sent and tried that day. All of it by the database's clock. */
@Injectable()
export class OtpChallengesRepository {
  constructor(private readonly database: Database) {}

  /** Puts a code in the place of the last one. Answers the seconds to wait if it is too early, null when it may be sent. */
  async issue(numberIndex: Buffer, codeHash: Buffer): Promise<number | null> {
    const issued = await this.database.query(issueCode, [numberIndex, codeHash]);
    if (issued.length > 0) return null;
    const [wait] = await this.database.query(findWait, [numberIndex]);
    return Math.max(1, wait?.seconds ?? 1);
  }

  /** Takes back a code that could not be sent, as if it had never been asked for. */
  async withdraw(numberIndex: Buffer, codeHash: Buffer): Promise<void> {
    await this.database.query(withdrawCode, [numberIndex, codeHash]);
  }

  /** Tries a code: `right` spends it, and of two at once one is right. `none`: no code can be tried now. */
  async try(numberIndex: Buffer, codeHash: Buffer): Promise<'right' | 'wrong' | 'none'> {
    const [tried] = await this.database.query(tryCode, [numberIndex, codeHash]);
    if (!tried) return 'none';
    return tried.right ? 'right' : 'wrong';
  }

  /** For how many seconds the number stays locked; null when it is not. */
  async lockSeconds(numberIndex: Buffer): Promise<number | null> {
    const [lock] = await this.database.query(findLock, [numberIndex]);
    return lock?.seconds ?? null;
  }

  /** Deletes a chunk of what matters no more; answers how many rows. */
  async deleteDead(): Promise<number> {
    return (await this.database.query(cleanChallenges, [])).length;
  }
}
