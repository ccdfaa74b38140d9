import { AUDIT_COLUMNS, NEW_AUDIT_ID } from '../../audit/audit-events.repository.js';
import { COMMIT_DURABLY } from '../../database/commit-durably.js';
import { statement } from '../../database/statement.js';
import { COMMIT_SAFELY, FEED_COLUMNS } from '../revocation/revocations.repository.js';
import { LIVE_COLUMNS, type LiveRow } from './live-session.js';
import type { EndedSession } from './session-ends.repository.js';

/** What became of a sign-in; the id is null when another one of the same device got in between. */
export type OpenedRow = (LiveRow | { readonly id: null }) & { readonly ended: readonly EndedSession[] };

/** What became of many at once. */
export interface OpenedTogether {
  readonly opened: readonly LiveRow[];
  readonly ended: readonly (EndedSession & { readonly user_id: string })[];
}

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

// The same for many people at once, each once, who sign in by an identity. Whoever it would have to wait for somebody is left
// out: for their own row, the identity's, or that of a session which has to end. Every row is found by an index.
export const openSessions = statement<OpenedTogether>(
  'open_sessions',
  `with given as (
     select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                          $9::text[])
       as given (id, user_id, identity_id, app_id, amr, device_id, device_name, device_platform, trace_id)),
   held as (
     select given.*, account.roles from given
     cross join lateral (
       select id, roles from users where id = given.user_id and status = 'active' for share skip locked) as account
     cross join lateral (
       select from identities where id = given.identity_id and user_id = account.id for key share skip locked) as identity),
   surplus as (
     select live.id, held.user_id, held.trace_id,
            case when live.app_id = held.app_id and live.device_id = held.device_id
                 then 'replaced' else 'evicted' end as reason
     from held cross join lateral (
       select id, app_id, device_id, row_number() over (
                order by (app_id = held.app_id and device_id = held.device_id) is true, rotated_at desc, id) as rank
       from sessions where user_id = held.user_id and revoked_at is null) as live
     where (live.app_id = held.app_id and live.device_id = held.device_id) or live.rank >= $12),
   taken as (
     select surplus.*, free.id is not null as is_mine from surplus left join lateral (
       select id from sessions where id = surplus.id and revoked_at is null for update skip locked) as free on true),
   ready as (select * from held where user_id not in (select user_id from taken where not is_mine)),
   ended as (
     update sessions s set revoked_at = now(), revoke_reason = taken.reason
     from taken where s.id = taken.id and taken.user_id not in (select user_id from taken where not is_mine)
     returning s.id, s.user_id, s.revoke_reason as reason, taken.trace_id),
   fed as (
     insert into revocations ${FEED_COLUMNS}
     select 'session', id::text, reason, now() + make_interval(secs => $13) from ended returning 1),
   opened as (
     insert into sessions (id, user_id, identity_id, app_id, amr, roles, device_id, device_name, device_platform,
                           idle_expires_at, absolute_expires_at)
     select id, user_id, identity_id, app_id, string_to_array(amr, ','), roles, device_id, device_name, device_platform,
            now() + make_interval(secs => $10), now() + make_interval(secs => $11)
     from ready where (select count(*) from ended) >= 0
     on conflict (user_id, app_id, device_id) where revoked_at is null do nothing
     returning ${LIVE_COLUMNS}),
   audited as (
     insert into audit_events ${AUDIT_COLUMNS}
     select ${NEW_AUDIT_ID}, 'session_revoked', user_id, 'system', null, id, null, reason, trace_id from ended
     union all
     select ${NEW_AUDIT_ID}, 'sign_in', user_id, 'user', user_id::text, id, app_id, null,
            ($9::text[])[array_position($1::uuid[], id)] from opened)
   select (select coalesce(json_agg(opened), '[]') from opened) as opened,
          (select coalesce(json_agg(ended), '[]') from ended) as ended, announced.*, ${COMMIT_DURABLY} as durable
   from (select) as one left join lateral (select ${COMMIT_SAFELY} from fed limit 1) as announced on true`,
);
