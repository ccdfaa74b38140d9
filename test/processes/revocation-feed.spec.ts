import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { loadDatabaseSettings } from '../../src/config/load-settings.js';
import { runMigrations } from '../../src/database/migrate.js';
import { eventually } from '../support/eventually.js';
import { PrivateCluster } from '../support/private-cluster.js';
import { expectProblem } from '../support/problems.js';
import { ServerChildren } from '../support/server-child.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer } from '../support/test-server.js';

const WITHIN_MS = 1000;
const WITHIN_MS_WITHOUT_NOTIFY = 3000;
const SESSION = '/v1/auth/session';
const LISTENERS = `from pg_stat_activity where datname = current_database() and application_name = 'wechat-passport-listener'`;

interface Person {
  readonly accessToken: string;
  readonly sessionId: string;
}

describeOnPostgres('two servers on one database', () => {
  let database: TestDatabase;
  let children: ServerChildren;
  let one: TestServer;
  let two: TestServer;
  beforeAll(async () => {
    database = await createTestDatabase();
    children = await ServerChildren.on(database);
    [one, two] = await Promise.all([children.start(), children.start()]);
    // A server is ready before it listens.
    await eventually('two listeners', async () => (await listeners()).length === 2);
  }, 60_000);
  afterAll(async () => {
    await children?.close();
    await database?.drop();
  });

  const listeners = async () =>
    (await database.query<{ pid: number }>(`select pid ${LISTENERS}`)).map(({ pid }) => pid);
  const isAccepted = async (server: TestServer, { accessToken }: Person) =>
    (await server.get(SESSION, { token: accessToken })).status === 200;

  /** Signs in at the first server, and shows the token to the second. */
  async function signIn(user: string): Promise<Person> {
    const { accessToken } = (await one.signIn(user)).body.tokens as Person;
    const { status, body } = await two.get(SESSION, { token: accessToken });
    expect(status).toBe(200);
    return { accessToken, sessionId: body.sessionId as string };
  }

  const signOut = async (server: TestServer, { accessToken }: Person): Promise<void> => {
    expect((await server.post('/v1/auth/logout', {}, { token: accessToken })).status).toBe(204);
  };

  /** How long a server goes on to accept a token, in milliseconds. */
  async function acceptedFor(server: TestServer, person: Person): Promise<number> {
    const since = performance.now();
    await eventually('refusal', async () => !(await isAccepted(server, person)), { withinMs: 10_000 });
    const ms = performance.now() - since;
    expectProblem(await server.get(SESSION, { token: person.accessToken }), 'SESSION_REVOKED');
    return ms;
  }

  it('refuse a token within a second of its sign-out at the other, twenty times', async () => {
    const times: number[] = [];
    for (let time = 0; time < 20; time += 1) {
      const person = await signIn(`leaver ${time}`);
      const [here, there] = time % 2 === 0 ? [one, two] : [two, one];
      await signOut(here, person);
      expectProblem(await here.get(SESSION, { token: person.accessToken }), 'SESSION_REVOKED');
      times.push(await acceptedFor(there, person));
    }
    console.info(`a sign-out reached the other server after ${Math.max(...times).toFixed(0)} ms at worst`);
    expect(Math.max(...times)).toBeLessThan(WITHIN_MS);
  });

  it('refuse every token of a person within a second of "sign out everywhere"', async () => {
    const persons = [await signIn('everywhere'), await signIn('everywhere'), await signIn('everywhere')];
    const answer = await one.post('/v1/auth/logout', { scope: 'global' }, { token: persons[0]!.accessToken });
    expect(answer.status).toBe(204);
    const times = await Promise.all(persons.map((person) => acceptedFor(two, person)));
    expect(Math.max(...times)).toBeLessThan(WITHIN_MS);
  });

  it('refuse it within 3 s when nobody was notified', async () => {
    const person = await signIn('unannounced');
    await database.query(
      `with ended as (
         update sessions set revoked_at = now(), revoke_reason = 'signed_out' where id = $1 returning id)
       insert into revocations (kind, subject, reason, expires_at)
       select 'session', id::text, 'signed_out', now() + interval '2 hours' from ended`,
      [person.sessionId],
    );
    expect(await acceptedFor(two, person)).toBeLessThan(WITHIN_MS_WITHOUT_NOTIFY);
  });

  it('refuse it within 3 s when their listeners are cut off, and listen again by themselves', async () => {
    const person = await signIn('cut off');
    const before = await listeners();
    await database.query(`select pg_terminate_backend(pid) ${LISTENERS}`);
    await signOut(one, person);
    expect(await acceptedFor(two, person)).toBeLessThan(WITHIN_MS_WITHOUT_NOTIFY);

    await eventually('two new listeners', async () => {
      const now = await listeners();
      return now.length === 2 && now.every((pid) => !before.includes(pid));
    });
    const next = await signIn('heard again');
    await signOut(one, next);
    expect(await acceptedFor(two, next)).toBeLessThan(WITHIN_MS);
  });

  it('see what was written long before it was committed', async () => {
    const person = await signIn('late');
    const late = new Client({ connectionString: database.url });
    await late.connect();
    try {
      await late.query('begin');
      await late.query(
        `insert into revocations (kind, subject, reason, expires_at)
         values ('session', $1, 'signed_out', now() + interval '2 hours')`,
        [person.sessionId],
      );
      // Others commit meanwhile and are read, and a poll goes by.
      for (let other = 0; other < 3; other += 1) {
        const quick = await signIn(`quick ${other}`);
        await signOut(one, quick);
        expect(await acceptedFor(two, quick)).toBeLessThan(WITHIN_MS);
        await pause(800);
      }
      expect(await isAccepted(two, person)).toBe(true);
      await late.query('commit');
    } finally {
      await late.end();
    }
    expect(await acceptedFor(two, person)).toBeLessThan(WITHIN_MS_WITHOUT_NOTIFY);
  });

  it('see what was written up to 30 s before it was committed', async () => {
    const person = await signIn('very late');
    await database.query(
      `insert into revocations (kind, subject, reason, written_at, expires_at)
       values ('session', $1, 'signed_out', now() - interval '25 seconds', now() + interval '2 hours')`,
      [person.sessionId],
    );
    expect(await acceptedFor(two, person)).toBeLessThan(WITHIN_MS_WITHOUT_NOTIFY);
  });

  it('know from the start what was signed out long before', async () => {
    const person = await signIn('long ago');
    await signOut(one, person);
    await database.query(`update revocations set written_at = now() - interval '1 hour' where subject = $1`, [
      person.sessionId,
    ]);
    const three = await children.start();
    expectProblem(await three.get(SESSION, { token: person.accessToken }), 'SESSION_REVOKED');
  });
});

const STALE_MS = 10_000;
// What the last poll before the end may have been younger than the end, and what an answer itself takes.
const MARGIN_MS = 500;

describeOnPostgres('a server that is cut off from the database', () => {
  let cluster: PrivateCluster | null;
  let server: TestServer;
  beforeAll(async () => {
    cluster = await PrivateCluster.create(['fsync=off']);
    if (!cluster) return console.warn('SKIPPED: no PostgreSQL to stop on this machine. Its absence is not tested.');
    const { url } = cluster;
    await runMigrations(loadDatabaseSettings({ DATABASE_URL: url }));
    const database = { url, query: () => Promise.resolve([]), drop: () => Promise.resolve() };
    server = await TestServer.start({ RATE_LIMIT: 'off' }, { database });
  });
  afterAll(async () => {
    await server?.close();
    await cluster?.destroy();
  });

  it('trusts what it knows for 10 s, refuses with 503 after that, and accepts again when the database is back', async () => {
    if (!cluster) return;
    const { accessToken } = (await server.signIn('alice')).body.tokens as Person;
    const unseen = ((await server.signIn('bob')).body.tokens as Person).accessToken;
    const gone = ((await server.signIn('carol')).body.tokens as Person).accessToken;
    expect((await server.get(SESSION, { token: accessToken })).status).toBe(200);
    expect((await server.post('/v1/auth/logout', {}, { token: gone })).status).toBe(204);

    await cluster.stop('SIGQUIT');
    const since = performance.now();
    let acceptedAt = 0;
    await eventually(
      'a refusal',
      async () => {
        const { status } = await server.get(SESSION, { token: accessToken });
        if (status === 200) acceptedAt = performance.now() - since;
        return status !== 200;
      },
      { withinMs: 15_000 },
    );
    console.info(`without a database a token was accepted for ${(acceptedAt / 1000).toFixed(1)} s`);
    // It is no outage of the database that signs everybody out at once, and none that keeps everybody in.
    expect(acceptedAt).toBeGreaterThan(STALE_MS / 2);
    expect(acceptedAt).toBeLessThan(STALE_MS + MARGIN_MS);
    for (const token of [accessToken, unseen]) {
      expectProblem(await server.get(SESSION, { token }), 'SERVICE_UNAVAILABLE');
    }
    // What it knows to be dead needs no database.
    expectProblem(await server.get(SESSION, { token: gone }), 'SESSION_REVOKED');

    await cluster.start(['fsync=off']);
    for (const token of [accessToken, unseen]) {
      await eventually('acceptance', async () => (await server.get(SESSION, { token })).status === 200);
    }
    expectProblem(await server.get(SESSION, { token: gone }), 'SESSION_REVOKED');
  });
});
