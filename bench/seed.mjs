// npm run bench:seed -- --users 1000000: fills the database of DATABASE_URL with people who have signed in once.
import pg from 'pg';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { seededIdSql } from './seeded-ids.mjs';

/** The mini-program that everybody seeded belongs to. */
export const APP_ID = 'wxbench00000000001';

// Rows written by one statement: a commit now and then, and progress to see.
const CHUNK = 100_000;

/**
 * Puts users, their identities, WeChat sessions and one live session each into a migrated database.
 *
 * The sessions are as a sign-in leaves them, but their refresh tokens can be computed by the server alone: they are there
 * for the tables to have their size. Session keys are random bytes in the length of sealed ones. Rows that exist stay.
 */
export async function seed(databaseUrl, users, progress = () => {}) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (let first = 1; first <= users; first += CHUNK) {
      const last = Math.min(users, first + CHUNK - 1);
      for (const statement of STATEMENTS) await client.query(statement, [first, last]);
      progress(last);
    }
    await client.query('vacuum analyze users, identities, wechat_sessions, sessions');
  } finally {
    await client.end();
  }
}

const EACH = 'from generate_series($1::bigint, $2::bigint) as n on conflict do nothing';
const SOME_TIME_AGO = `now() - make_interval(secs => random() * 86400 * 20)`;

const STATEMENTS = [
  `insert into users (id, nickname, created_at, updated_at)
   select ${seededIdSql('user', 'n')}, '用户' || n, ${SOME_TIME_AGO}, now() ${EACH}`,
  `insert into identities (id, user_id, kind, issuer, subject)
   select ${seededIdSql('identity', 'n')}, ${seededIdSql('user', 'n')}, 'wechat_openid', '${APP_ID}', 'seed-' || n ${EACH}`,
  `insert into wechat_sessions (app_id, openid, session_key_sealed, fingerprint, called_at)
   select '${APP_ID}', 'seed-' || n, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) ||
     uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid()), ${SOME_TIME_AGO} ${EACH}`,
  `insert into sessions (id, user_id, identity_id, app_id, amr, roles, device_id, device_name, device_platform,
     rotated_at, created_at, idle_expires_at, absolute_expires_at)
   select ${seededIdSql('session', 'n')}, ${seededIdSql('user', 'n')}, ${seededIdSql('identity', 'n')}, '${APP_ID}',
     '{wx}', '{}', 'device-' || n, 'iPhone 15', 'ios', at, at, at + interval '30 days', at + interval '180 days'
   from generate_series($1::bigint, $2::bigint) as n cross join lateral (select n as nth, ${SOME_TIME_AGO} as at) as each_at
   on conflict do nothing`,
];

async function main() {
  const { values } = parseArgs({ options: { users: { type: 'string', default: '10000' } } });
  const users = Number(values.users);
  if (!Number.isSafeInteger(users) || users < 1) throw new Error('--users: a whole number from 1');
  if (!process.env.DATABASE_URL) throw new Error('DATABASE_URL: set it to a migrated database (npm run migration:run)');
  const startedAt = performance.now();
  await seed(process.env.DATABASE_URL, users, (done) => console.log(`${done} of ${users} users`));
  console.log(`seeded in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
