import { DataSource } from 'typeorm';
import { SEALED_COLUMNS } from '../../src/cli/sealed-columns.js';
import { Sealer, sealedWith } from '../../src/crypto/sealer.js';
import { Database } from '../../src/database/database.js';
import { placeIn, resealColumn, type SealedColumn } from '../../src/secrets/sealed-column.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const SESSION_KEY: SealedColumn = SEALED_COLUMNS.find(({ column }) => column === 'session_key_sealed')!;

describe('sealed columns', () => {
  let server: TestApp;
  const older = new Sealer([{ id: 'older', secret: Buffer.alloc(32, 1) }]);
  const both = new Sealer([
    { id: 'newer', secret: Buffer.alloc(32, 2) },
    { id: 'older', secret: Buffer.alloc(32, 1) },
  ]);

  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  it('are all known to whoever seals them anew', async () => {
    const rows = await server.app
      .get(DataSource)
      .query<{ place: string }[]>(
        `select table_name || '.' || column_name as place from information_schema.columns where column_name like '%\\_sealed' order by 1`,
      );
    expect(rows.length).toBeGreaterThan(4);
    expect(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).toSorted()).toEqual(
      rows.map(({ place }) => place),
    );
  });

  it('are sealed anew in chunks, each value in its place, and only once', async () => {
    const count = 450;
    for (let at = 0; at < count; at += 1) {
      const key = Buffer.from(`key of ${at}`);
      await server.dataSource.query(
        `insert into wechat_sessions (app_id, openid, session_key_sealed, fingerprint, called_at) values ('a', $1, $2, '', now())`,
        [`openid-${at}`, older.seal(key, placeIn(SESSION_KEY, 'a', `openid-${at}`))],
      );
    }
    const told: number[] = [];
    const database = server.app.get(Database);
    expect(await resealColumn(database, both, SESSION_KEY, (resealed) => told.push(resealed))).toBe(count);
    expect(told).toEqual([200, 400, 450]);
    expect(await resealColumn(database, both, SESSION_KEY)).toBe(0);

    const rows = await server.dataSource.query<{ openid: string; sealed: Buffer }[]>(
      `select openid, session_key_sealed as sealed from wechat_sessions where app_id = 'a'`,
    );
    expect(new Set(rows.map(({ sealed }) => sealedWith(sealed)))).toEqual(new Set(['newer']));
    for (const { openid, sealed } of rows) {
      expect(both.open(sealed, placeIn(SESSION_KEY, 'a', openid)).toString()).toBe(`key of ${openid.slice(7)}`);
    }
  });
});
