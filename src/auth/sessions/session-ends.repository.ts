import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement, type Queries } from '../../database/statement.js';
import { lockUser } from '../../users/lock-user.js';
import { COMMIT_SAFELY, FEED_COLUMNS } from '../revocation/revocations.repository.js';
import type { RevokeReason } from '../revocation/revoke-reason.js';

/** A session that was ended, for the process to know at once. */
export interface EndedSession {
  readonly id: string;
  readonly reason: RevokeReason;
}

const endSession = statement<EndedSession>(
  'end_session',
  `with ended as (
     update sessions set revoked_at = now(), revoke_reason = $2
     where id = $1 and revoked_at is null and ($4::uuid is null or user_id = $4)
     returning id, revoke_reason as reason),
   fed as (
     insert into revocations ${FEED_COLUMNS}
     select 'session', id::text, reason, now() + make_interval(secs => $3) from ended returning 1)
   select ended.id, ended.reason, ${COMMIT_SAFELY} from ended, (select count(*) from fed) as written`,
);

const endSessionsOfUser = statement<EndedSession>(
  'end_sessions_of_user',
  `with ended as (
     update sessions set revoked_at = now(), revoke_reason = $2
     where user_id = $1 and revoked_at is null and id is distinct from $4
     returning id, revoke_reason as reason),
   fed as (
     insert into revocations ${FEED_COLUMNS}
     select 'session', id::text, reason, now() + make_interval(secs => $3) from ended returning 1)
   select ended.id, ended.reason, ${COMMIT_SAFELY} from ended, (select count(*) from fed) as written`,
);

/** Ends sessions in the sessions table, and writes the feed in the same transaction. */
@Injectable()
export class SessionEndsRepository {
  constructor(private readonly database: Database) {}

  /** Ends one session, of this user if one is named. Null when there is none, or it has ended before. */
  async end(
    sessionId: string,
    reason: RevokeReason,
    feedSeconds: number,
    userId: string | null = null,
  ): Promise<EndedSession | null> {
    const [ended] = await this.database.query(endSession, [sessionId, reason, feedSeconds, userId]);
    return ended ?? null;
  }

  /**
   * Ends all sessions of a user but `exceptId`, within the caller's transaction. Takes the user's row first, so that no
   * sign-in that is under way slips past.
   */
  async endAllOfUser(
    transaction: Queries,
    userId: string,
    reason: RevokeReason,
    feedSeconds: number,
    exceptId: string | null = null,
  ): Promise<EndedSession[]> {
    await transaction.query(lockUser, [userId]);
    return transaction.query(endSessionsOfUser, [userId, reason, feedSeconds, exceptId]);
  }
}
