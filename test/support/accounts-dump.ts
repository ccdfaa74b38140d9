import type { TestServer } from './test-server.js';

const TABLES = ['users', 'identities', 'sessions', 'consents'] as const;

/** Every row that says who somebody is and where they are signed in, as text; two equal dumps are the same accounts. */
export async function dumpAccounts(server: Pick<TestServer, 'sql'>): Promise<string[]> {
  const parts = await Promise.all(
    TABLES.map((table) =>
      server.sql<{ row: string }>(`select '${table} ' || to_jsonb(t)::text as row from ${table} t`),
    ),
  );
  return parts
    .flat()
    .map(({ row }) => row)
    .toSorted();
}
