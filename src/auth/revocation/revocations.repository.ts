import { Injectable } from '@nestjs/common';
import { COMMIT_DURABLY } from '../../database/commit-durably.js';
import { DELETION_CHUNK } from '../../database/cleaning.js';
import { Database } from '../../database/database.js';
import { statement, type Queries } from '../../database/statement.js';
import type { RevocationKind } from './revocation.entity.js';

/** PostgreSQL's channel on which writers announce that the feed has grown. */
export const REVOCATIONS_CHANNEL = 'wechat_passport_revocations';

/** An entry of the feed. */
export interface FeedEntry {
  readonly id: string;
  readonly kind: RevocationKind;
  readonly subject: string;
  readonly reason: string;
  /** Until nothing it speaks of can be valid. */
  readonly secondsLeft: number;
}

/**
 * SQL of the columns a writer puts into the feed, for `insert into revocations … select`; `reason` and the lifetime of
 * access tokens in seconds are SQL expressions.
 */
export const FEED_COLUMNS = '(kind, subject, reason, expires_at)';

/** For how long the feed speaks of a dead session beyond the life of its access tokens: clocks differ. */
export const FEED_MARGIN_SECONDS = 300;

/** SQL that makes the surrounding transaction survive a crash, and announces that the feed has grown. An acknowledged sign-out must not come back from the dead. */
export const COMMIT_SAFELY = `${COMMIT_DURABLY}, pg_notify('${REVOCATIONS_CHANNEL}', '')`;

// Every instance has read it long before.
const KEY_FEED_SECONDS = 3600;

const SELECT_FEED = `select id, kind, subject, reason,
  extract(epoch from expires_at - now())::float8 as "secondsLeft" from revocations`;

const loadFeed = statement<FeedEntry>('load_feed', `${SELECT_FEED} where expires_at > now()`);

// By time of writing and not by a running number: a number can be handed out long before its row is committed.
const loadRecentFeed = statement<FeedEntry>(
  'load_recent_feed',
  `${SELECT_FEED} where written_at > now() - make_interval(secs => $1) and expires_at > now()`,
);

const announceKey = statement<never>(
  'announce_key',
  `with fed as (
     insert into revocations ${FEED_COLUMNS} values ('key', $1, $2, now() + make_interval(secs => $3)) returning 1)
   select ${COMMIT_SAFELY} from fed`,
);

const deleteExpired = statement<{ id: string }>(
  'delete_expired_revocations',
  `delete from revocations where id in (
     select id from revocations where expires_at < now() order by expires_at limit ${DELETION_CHUNK} for update skip locked)
   returning id`,
);

/** The feed of revocations. It is written in the transaction that revokes; see the sessions' repositories too. */
@Injectable()
export class RevocationsRepository {
  constructor(private readonly database: Database) {}

  async loadAll(): Promise<FeedEntry[]> {
    return this.database.query(loadFeed, []);
  }

  /** What was written in the last `seconds`. */
  async loadRecent(seconds: number): Promise<FeedEntry[]> {
    return this.database.query(loadRecentFeed, [seconds]);
  }

  /** Tells every instance, with the caller's transaction, that a key was revoked or has a successor. */
  async announceKey(transaction: Queries, subject: string, reason: 'rotated' | 'revoked'): Promise<void> {
    await transaction.query(announceKey, [subject, reason, KEY_FEED_SECONDS]);
  }

  /** Deletes a chunk of entries that no longer matter, and says how many. */
  async deleteExpired(): Promise<number> {
    return (await this.database.query(deleteExpired, [])).length;
  }
}
