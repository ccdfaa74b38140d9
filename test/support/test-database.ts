import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

const postgresUrl = process.env['TEST_POSTGRES_URL'];

/** Whether the whole suite runs on PostgreSQL rather than on the embedded database. */
export const onPostgres = Boolean(process.env['DATABASE_URL']);

/** Whether there is a real PostgreSQL. It starts a test much faster than the embedded database does. */
export const postgresIsThere = Boolean(postgresUrl);

/** `describe` for what only a real PostgreSQL can show; skipped, and said so, where there is none. */
export const describeOnPostgres = postgresUrl
  ? describe
  : (name: string, _tests: () => void) => describe.skip(`${name} (skipped: no PostgreSQL on this machine)`, _tests);

/** A database of its own on the real PostgreSQL. */
export interface TestDatabase {
  readonly url: string;
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** Makes an empty database, migrated unless told otherwise. */
export async function createTestDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  if (!postgresUrl) throw new Error('there is no PostgreSQL for this test');
  const name = `wechat_passport_test_${randomBytes(6).toString('hex')}`;
  await onAdmin(`create database ${name}${migrated ? ` template ${process.env['TEST_POSTGRES_TEMPLATE']}` : ''}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    query: (text, values) => onClient(url.href, text, values),
    drop: async () => {
      await onAdmin(`drop database if exists ${name} with (force)`);
    },
  };
}

async function onAdmin(text: string): Promise<void> {
  await onClient(postgresUrl!, text);
}

async function onClient<Row>(url: string, text: string, values?: unknown[]): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows as Row[];
  } finally {
    await client.end();
  }
}
