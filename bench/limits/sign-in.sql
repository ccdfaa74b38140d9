-- What one sign-in of a known user costs PostgreSQL: the server's own two statements, for one person, sent together and
-- committed once. Only the ids of audit events are drawn in a shorter way.
\set user random(1, :users)
\startpipeline
insert into wechat_sessions as w (app_id, openid, session_key_sealed, fingerprint, called_at)
values ('wxbench00000000001', 'seed-' || :user::int,
  '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738'::bytea,
  '\x000102030405060708090a0b0c0d0e0f'::bytea, now())
on conflict (app_id, openid) do update set
  previous_session_key_sealed = case
    when excluded.fingerprint = w.fingerprint then w.previous_session_key_sealed
    when excluded.called_at >= w.called_at then w.session_key_sealed
    else excluded.session_key_sealed end,
  session_key_sealed = case
    when excluded.fingerprint <> w.fingerprint and excluded.called_at >= w.called_at then excluded.session_key_sealed
    else w.session_key_sealed end,
  fingerprint = case when excluded.called_at >= w.called_at then excluded.fingerprint else w.fingerprint end,
  called_at = greatest(excluded.called_at, w.called_at);
with given as (
  select gen_random_uuid() as id, 'wxbench00000000001' as app_id, 'seed-' || :user::int as openid,
         null::text as open_platform, null::text as unionid, null::text as device_id, null::text as device_name,
         null::text as device_platform, null::text as trace_id),
found as (
  select given.*, i.id as identity_id, i.user_id from given cross join lateral (
    select id, user_id from identities
    where kind = 'wechat_openid' and issuer = given.app_id and subject = given.openid) as i
  where given.unionid is null or exists (
    select from identities u
    where u.kind = 'wechat_unionid' and u.issuer = given.open_platform and u.subject = given.unionid
      and u.user_id = i.user_id)),
held as (
  select found.*, account.roles from found
  cross join lateral (
    select id, roles from users where id = found.user_id and status = 'active' for share skip locked) as account
  cross join lateral (
    select from identities where id = found.identity_id and user_id = account.id for key share skip locked) as identity),
surplus as (
  select live.id, held.user_id, held.trace_id,
         case when live.app_id = held.app_id and live.device_id = held.device_id
              then 'replaced' else 'evicted' end as reason
  from held cross join lateral (
    select id, app_id, device_id, row_number() over (
             order by (app_id = held.app_id and device_id = held.device_id) is true, rotated_at desc, id) as rank
    from sessions where user_id = held.user_id and revoked_at is null) as live
  where (live.app_id = held.app_id and live.device_id = held.device_id) or live.rank >= 20),
taken as (
  select surplus.*, free.id is not null as is_mine from surplus left join lateral (
    select id from sessions where id = surplus.id and revoked_at is null for update skip locked) as free on true),
ready as (select * from held where user_id not in (select user_id from taken where not is_mine)),
ended as (
  update sessions s set revoked_at = now(), revoke_reason = taken.reason
  from taken where s.id = taken.id and taken.user_id not in (select user_id from taken where not is_mine)
  returning s.id, s.user_id, s.revoke_reason as reason, taken.trace_id),
fed as (
  insert into revocations (kind, subject, reason, expires_at)
  select 'session', id::text, reason, now() + make_interval(secs => 7500) from ended returning 1),
opened as (
  insert into sessions (id, user_id, identity_id, app_id, amr, roles, device_id, device_name, device_platform,
                        idle_expires_at, absolute_expires_at)
  select id, user_id, identity_id, app_id, '{wx}', roles, device_id, device_name, device_platform,
         now() + make_interval(secs => 2592000), now() + make_interval(secs => 15552000)
  from ready where (select count(*) from ended) >= 0
  on conflict (user_id, app_id, device_id) where revoked_at is null do nothing
  returning id, user_id, app_id, roles, generation, fork,
  floor(extract(epoch from idle_expires_at - now()))::int as idle_seconds,
  floor(extract(epoch from absolute_expires_at - now()))::int as absolute_seconds),
audited as (
  insert into audit_events (id, event, user_id, actor_kind, actor_id, session_id, app_id, reason, trace_id)
  select gen_random_uuid(), 'session_revoked', user_id, 'system', null, id, null, reason, trace_id from ended
  union all
  select gen_random_uuid(), 'sign_in', user_id, 'user', user_id::text, id, app_id, null,
         null from opened)
select ready.id as given, opened.user_id, opened.app_id, opened.roles, opened.generation, opened.fork,
       opened.idle_seconds, opened.absolute_seconds, u.id, u.status, u.nickname, u.avatar_url, u.phone_sealed, u.phone_proved_at, u.created_at,
  (select coalesce(json_agg(json_build_object('id', i.id, 'kind', i.kind, 'issuer', i.issuer) order by i.created_at, i.id), '[]')
  from identities i where i.user_id = u.id) as identities,
       (select coalesce(json_agg(json_build_object('id', ended.id, 'reason', ended.reason)), '[]')
          from ended where ended.user_id = ready.user_id) as ended, one.durable, announced.*
from (select set_config('synchronous_commit', 'on', true) as durable) as one
left join lateral (select set_config('synchronous_commit', 'on', true), pg_notify('wechat_passport_revocations', '') from fed limit 1) as announced on true
cross join ready join users u on u.id = ready.user_id left join opened on opened.id = ready.id;
\endpipeline
