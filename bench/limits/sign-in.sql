-- What one sign-in of a known user costs PostgreSQL: the server's own three statements, sent together and committed once.
-- Ids of seeded users can be computed, so that nothing waits for the answer to the second statement.
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
with found as (
  select id, kind, user_id from identities
  where kind = 'wechat_openid' and issuer = 'wxbench00000000001' and subject = 'seed-' || :user::int
  union all
  select id, kind, user_id from identities where kind = 'wechat_unionid' and issuer = null and subject = null
)
select f.id as identity_id, f.kind as matched,
  u.id, u.status, u.nickname, u.avatar_url, u.phone_sealed, u.phone_proved_at, u.created_at,
  (select coalesce(json_agg(json_build_object('id', i.id, 'kind', i.kind, 'issuer', i.issuer) order by i.created_at, i.id), '[]')
     from identities i where i.user_id = u.id) as identities
from found f join users u on u.id = f.user_id;
with given as (
  select ('018f0000-0000-7000-8000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid as user_id,
         ('018f0000-0000-7001-8000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid as identity_id),
account as (select u.id, u.roles from users u, given where u.id = given.user_id and u.status = 'active' for share of u),
identity as (
  select i.id from identities i join account on i.user_id = account.id, given
  where i.id = given.identity_id for key share of i),
person as (select id, roles from account where exists (select from identity)),
surplus as (
  select id, 'evicted' as reason
  from (select id, row_number() over (order by rotated_at desc, id) as rank
        from sessions where user_id = (select user_id from given) and revoked_at is null) as live
  where rank >= 20),
ended as (
  update sessions s set revoked_at = now(), revoke_reason = surplus.reason
  from surplus, person where s.id = surplus.id and s.revoked_at is null
  returning s.id, s.revoke_reason as reason),
fed as (
  insert into revocations (kind, subject, reason, expires_at)
  select 'session', id::text, reason, now() + make_interval(secs => 7500) from ended returning 1),
opened as (
  insert into sessions (id, user_id, identity_id, app_id, amr, roles, idle_expires_at, absolute_expires_at)
  select gen_random_uuid(), id, (select identity_id from given), 'wxbench00000000001', '{wx}', roles,
    now() + make_interval(secs => 2592000), now() + make_interval(secs => 15552000)
  from person where (select count(*) from ended) >= 0
  on conflict (user_id, app_id, device_id) where revoked_at is null do nothing
  returning id, user_id, app_id, roles, generation, fork,
    floor(extract(epoch from idle_expires_at - now()))::int as idle_seconds,
    floor(extract(epoch from absolute_expires_at - now()))::int as absolute_seconds),
audited as (
  insert into audit_events (id, event, user_id, actor_kind, actor_id, session_id, app_id, reason, trace_id)
  select gen_random_uuid(), 'session_revoked', user_id, 'system', null, ended.id, null, reason, null from ended, given
  union all
  select gen_random_uuid(), 'sign_in', user_id, 'user', user_id::text, id, app_id, null, null from opened)
select opened.*, (select coalesce(json_agg(ended), '[]') from ended) as ended, set_config('synchronous_commit', 'on', true)
from person left join opened on true;
\endpipeline
