-- What one refresh costs PostgreSQL: the server's own UPDATE of the session, each client on a row of its own. `\gset` fails
-- unless exactly one row was changed, and keeps the generation for the next time.
update sessions set
  generation = generation + 1, fork = 0, parent_fork = fork, parent_nonce_hash = null, rotated_at = now(),
  retired_generations = case when parent_fork is not null
    then (array[generation - 1] || retired_generations)[1 : 8] else retired_generations end,
  retired_forks = case when parent_fork is not null
    then (array[parent_fork] || retired_forks)[1 : 8] else retired_forks end,
  retired_at = case when parent_fork is not null then (array[now()] || retired_at)[1 : 8] else retired_at end,
  idle_expires_at = least(now() + make_interval(secs => 2592000), absolute_expires_at)
where id = ('018f0000-0000-7002-8000-' || lpad(to_hex(:client_id::bigint + 1), 12, '0'))::uuid
  and generation = :generation::int and fork = 0 and revoked_at is null and idle_expires_at > now()
returning id, user_id, app_id, roles, generation, fork,
  floor(extract(epoch from idle_expires_at - now()))::int as idle_seconds,
  floor(extract(epoch from absolute_expires_at - now()))::int as absolute_seconds
\gset
