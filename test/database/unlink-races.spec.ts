import { Client } from 'pg';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer } from '../support/test-server.js';

describeOnPostgres('the last two ways into an account', () => {
  let database: TestDatabase;
  let server: TestServer;
  beforeAll(async () => {
    database = await createTestDatabase();
    server = await TestServer.start({}, { database });
  });
  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  interface Person {
    readonly userId: string;
    readonly token: string;
    readonly ways: readonly string[];
  }

  /** Somebody with an openid and a phone number. */
  async function settle(user: string): Promise<Person> {
    const { body } = await server.signIn(user);
    const userId = body.user.id as string;
    await server.sql(
      `insert into identities (id, user_id, kind, issuer, subject) values (gen_random_uuid(), $1::uuid, 'phone', '', $1::text)`,
      [userId],
    );
    const ways = await waysOf(userId);
    expect(ways).toHaveLength(2);
    return { userId, token: body.tokens.accessToken as string, ways };
  }

  async function waysOf(userId: string): Promise<string[]> {
    const rows = await database.query<{ id: string }>(
      `select id from identities where user_id = $1 and kind <> 'wechat_unionid' order by kind`,
      [userId],
    );
    return rows.map(({ id }) => id);
  }

  async function connect(): Promise<Client> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    return client;
  }

  async function waiting(): Promise<number> {
    const [row] = await database.query<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return row!.count;
  }

  /** Two calls that unlink one way in each, let go once both wait for the person's row; null when one gave up before. */
  async function meet(user: string): Promise<{ userId: string; statuses: number[] } | null> {
    const { userId, token, ways } = await settle(user);
    const holder = await connect();
    await holder.query('begin');
    await holder.query('select 1 from users where id = $1 for update', [userId]);
    const calls = ways.map((id) => {
      const headers = { 'x-proof-code': server.wechat.wxLogin(user).code };
      return server.request('DELETE', `/v1/users/me/identities/${id}`, { token, headers });
    });
    // A statement waits 1 s for a lock; on a busy machine the second may come later than that.
    const bothWait = await eventually('both wait', async () => (await waiting()) >= 2, { withinMs: 2000 }).then(
      () => true,
      () => false,
    );
    await holder.query('rollback');
    await holder.end();
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    return bothWait ? { userId, statuses } : null;
  }

  it.each([1, 2, 3])('are not both unlinked by two calls that meet at the person’s row (%i)', async (round) => {
    let met: Awaited<ReturnType<typeof meet>> = null;
    for (let attempt = 0; met === null && attempt < 5; attempt += 1) met = await meet(`racer-${round}-${attempt}`);
    expect(met!.statuses.toSorted()).toEqual([204, 403]);
    expect(await waysOf(met!.userId)).toHaveLength(1);
  });

  it('would both go if each call only looked before it deleted', async () => {
    const { userId, ways } = await settle('control');
    const clients = await Promise.all(ways.map(() => connect()));
    for (const client of clients) await client.query('begin');
    for (const [n, client] of clients.entries()) {
      const { rows } = await client.query('select 1 from identities where user_id = $1 and id <> $2', [
        userId,
        ways[n],
      ]);
      expect(rows.length).toBeGreaterThan(0);
    }
    for (const [n, client] of clients.entries()) await client.query('delete from identities where id = $1', [ways[n]]);
    for (const client of clients) await client.query('commit');
    await Promise.all(clients.map((client) => client.end()));
    expect(await waysOf(userId)).toEqual([]);
  });
});
