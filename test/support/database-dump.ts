import type { TestServer } from './test-server.js';

/** Every row of every table, as PostgreSQL writes rows; bytes are in hexadecimal. */
export async function dumpOf(server: TestServer): Promise<string> {
  const tables = await server.sql<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const dumps = await Promise.all(
    tables.map(({ name }) =>
      server.sql<{ text: string | null }>(`select string_agg(t::text, e'\\n') as text from "${name}" t`),
    ),
  );
  return dumps.map(([row]) => row?.text ?? '').join('\n');
}

/** How a value may be written in a dump: as it is, in JSON, in a URL, and its bytes in hexadecimal and base64. */
export function spellingsOf(value: string | Buffer): string[] {
  const bytes = Buffer.from(value);
  const encoded = [bytes.toString('hex'), bytes.toString('base64').replaceAll('=', ''), bytes.toString('base64url')];
  if (typeof value !== 'string') return encoded;
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), ...encoded];
}
