import { Injectable } from '@nestjs/common';
import type { AuditEventName, Origin } from '../../audit/audit-event.js';
import { AUDIT_COLUMNS, NEW_AUDIT_ID } from '../../audit/audit-events.repository.js';
import { Database } from '../../database/database.js';
import { statement, type Queries } from '../../database/statement.js';
import { lockUser } from '../../users/lock-user.js';
import { COMMIT_SAFELY, FEED_COLUMNS } from '../revocation/revocations.repository.js';
import type { RevokeReason } from '../revocation/revoke-reason.js';

/** Why sessions end before their time, and whose doing it is. */
export interface Ending extends Origin {
  readonly reason: RevokeReason;
}

/** What the end of one session is called in the audit log. */
export type EndingEvent = Extract<AuditEventName, 'sign_out' | 'session_revoked' | 'refresh_reused'>;

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
     returning id, revoke_reason as reason, user_id, app_id),
   audited as (
     insert into audit_events ${AUDIT_COLUMNS}
     select ${NEW_AUDIT_ID}, $5, user_id, $6::text, coalesce($7::text, case $6 when 'user' then user_id::text end), id, app_id,
            reason, $8 from ended),
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
   audited as (
     insert into audit_events ${AUDIT_COLUMNS}
     select ${NEW_AUDIT_ID}, 'sessions_revoked', $1::uuid, $5::text, coalesce($6::text, case $5 when 'user' then $1::text end), $4::uuid, null,
            $2, $7
     where exists (select 1 from ended)),
   fed as (
     insert into revocations ${FEED_COLUMNS}
     select 'session', id::text, reason, now() + make_interval(secs => $3) from ended returning 1)
   select ended.id, ended.reason, ${COMMIT_SAFELY} from ended, (select count(*) from fed) as written`,
);

/** Ends sessions. The feed and the audit log are written in the same transaction. */
@Injectable()
export class SessionEndsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Ends one session, of this user if one is named; within the caller's transaction if one is given. Null when there is
   * none, or it has ended before.
   */
  async end(
    sessionId: string,
    event: EndingEvent,
    { reason, actor, traceId }: Ending,
    feedSeconds: number,
    userId: string | null = null,
    queries: Queries = this.database,
  ): Promise<EndedSession | null> {
    const values = [sessionId, reason, feedSeconds, userId, event, actor.kind, actor.id, traceId];
    const [ended] = await queries.query(endSession, values);
    return ended ?? null;
  }

  /**
   * Ends all sessions of a user but `exceptId`, within the caller's transaction. Takes the user's row first, so that no
   * sign-in that is under way slips past.
   */
  async endAllOfUser(
    transaction: Queries,
    userId: string,
    { reason, actor, traceId }: Ending,
    feedSeconds: number,
    exceptId: string | null = null,
  ): Promise<EndedSession[]> {
    await transaction.query(lockUser, [userId]);
    const values = [userId, reason, feedSeconds, exceptId, actor.kind, actor.id, traceId];
    return transaction.query(endSessionsOfUser, values);
  }
}
