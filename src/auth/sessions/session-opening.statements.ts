import { AUDIT_COLUMNS, NEW_AUDIT_ID } from '../../audit/audit-events.repository.js';
import { COMMIT_DURABLY } from '../../database/commit-durably.js';
import { statement } from '../../database/statement.js';
import { COMMIT_SAFELY, FEED_COLUMNS } from '../revocation/revocations.repository.js';
import { LIVE_COLUMNS, type LiveRow } from './live-session.js';
import type { EndedSession } from './session-ends.repository.js';

/** What became of a sign-in; the id is null when another one of the same device got in between. */
export type OpenedRow = (LiveRow | { readonly id: null }) & { readonly ended: readonly EndedSession[] };

// The new session takes the place of its device's, and of the one refreshed the longest time ago over the maximum. The
// insert reads `ended`, so it comes after the update; of two sign-ins of one device at once the index lets one in. What
// was committed before, a new user for one, becomes durable with it.
export const openSession = statement<OpenedRow>(
  'open_session',
  `with account as (
     select id, roles from users
     where id = $2 and status = 'active' and password_version = coalesce($14::int, password_version) for share),
   identity as (select i.id from identities i join account on i.user_id = account.id where i.id = $3 for key share of i),
   person as (select id, roles from account where $3::uuid is null or exists (select from identity)),
   surplus as (
     select id, case when app_id = $4 and device_id = $6 then 'replaced' else 'evicted' end as reason
     from (select id, app_id, device_id,
                  row_number() over (order by (app_id = $4 and device_id = $6) is true, rotated_at desc, id) as rank
           from sessions where user_id = $2 and revoked_at is null) as live
     where (app_id = $4 and device_id = $6) or rank >= $11),
   ended as (
     update sessions s set revoked_at = now(), revoke_reason = surplus.reason
     from surplus, person where s.id = surplus.id and s.revoked_at is null
     returning s.id, s.revoke_reason as reason),
   fed as (
     insert into revocations ${FEED_COLUMNS}
     select 'session', id::text, reason, now() + make_interval(secs => $12) from ended returning 1),
   opened as (
     insert into sessions (id, user_id, identity_id, app_id, amr, roles, device_id, device_name, device_platform,
                           idle_expires_at, absolute_expires_at)
     select $1, id, $3, $4, $5, roles, $6, $7, $8,
            now() + make_interval(secs => $9), now() + make_interval(secs => $10)
     from person where (select count(*) from ended) >= 0
     on conflict (user_id, app_id, device_id) where revoked_at is null do nothing
     returning ${LIVE_COLUMNS}),
   audited as (
     insert into audit_events ${AUDIT_COLUMNS}
     select ${NEW_AUDIT_ID}, 'session_revoked', $2::uuid, 'system', null, id, null, reason, $13 from ended
     union all
     select ${NEW_AUDIT_ID}, 'sign_in', user_id, 'user', user_id::text, id, app_id, null, $13 from opened)
   select opened.*, (select coalesce(json_agg(ended), '[]') from ended) as ended, announced.*, ${COMMIT_DURABLY} as durable
   from person left join opened on true left join lateral (select ${COMMIT_SAFELY} from fed limit 1) as announced on true`,
);
