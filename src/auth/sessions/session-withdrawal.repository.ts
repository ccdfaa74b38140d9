import { Injectable } from '@nestjs/common';
import { AUDIT_COLUMNS, NEW_AUDIT_ID } from '../../audit/audit-events.repository.js';
import { statement, type Queries } from '../../database/statement.js';
import { COMMIT_SAFELY, FEED_COLUMNS } from '../revocation/revocations.repository.js';
import type { EndedSession, Ending } from './session-ends.repository.js';

const endSessionsOfApp = statement<EndedSession>(
  'end_sessions_of_app',
  `with ended as (
     update sessions set revoked_at = now(), revoke_reason = $4
     where user_id = $1 and revoked_at is null and (identity_id = $2 or app_id = $3)
     returning id, revoke_reason as reason),
   audited as (
     insert into audit_events ${AUDIT_COLUMNS}
     select ${NEW_AUDIT_ID}, 'sessions_revoked', $1::uuid, $6::text, $7::text, null, $3::text, $4::text, $8::text
     where exists (select 1 from ended)),
   fed as (
     insert into revocations ${FEED_COLUMNS}
     select 'session', id::text, reason, now() + make_interval(secs => $5) from ended returning 1)
   select ended.id, ended.reason, ${COMMIT_SAFELY} from ended, (select count(*) from fed) as written`,
);

const forgetDevices = statement<never>(
  'forget_devices',
  `update sessions set device_id = null, device_name = null, device_platform = null
   where user_id = $1 and revoked_at is not null and num_nonnulls(device_id, device_name, device_platform) > 0
     and ($2::uuid is null or identity_id = $2 or app_id = $3)`,
);

/** The sessions table when a person withdraws. The caller's transaction holds the user's row. */
@Injectable()
export class SessionWithdrawalRepository {
  /** Ends the sessions that an identity opened, and all others of the user in an app, if one is named. */
  async endOfApp(
    transaction: Queries,
    owner: { readonly userId: string; readonly identityId: string; readonly appId: string | null },
    { reason, actor, traceId }: Ending,
    feedSeconds: number,
  ): Promise<EndedSession[]> {
    const { userId, identityId, appId } = owner;
    const values = [userId, identityId, appId, reason, feedSeconds, actor.kind, actor.id, traceId];
    return transaction.query(endSessionsOfApp, values);
  }

  /** Blanks what ended sessions say about their devices; all of the user, or those of an identity and its app. */
  async forgetDevices(
    transaction: Queries,
    userId: string,
    within: { readonly identityId: string; readonly appId: string | null } | null = null,
  ): Promise<void> {
    await transaction.query(forgetDevices, [userId, within?.identityId ?? null, within?.appId ?? null]);
  }
}
