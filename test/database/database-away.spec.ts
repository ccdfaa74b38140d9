import { Client } from 'pg';
import { loadDatabaseSettings } from '../../src/config/load-settings.js';
import { runMigrations } from '../../src/database/migrate.js';
import { eventually } from '../support/eventually.js';
import { PrivateCluster } from '../support/private-cluster.js';
import { expectProblem } from '../support/problems.js';
import { closeTable } from '../support/table-gate.js';
import { describeOnPostgres } from '../support/test-database.js';
import { TestServer, type Answer } from '../support/test-server.js';

// Connect 2 s, statement 3 s, and what the answer itself takes.
const PATIENCE_MS = 3500;
// A lock is waited for 1 s.
const LOCK_PATIENCE_MS = 2000;
// A database that is there but says nothing is given up by the client itself, half a second later.
const FROZEN_PATIENCE_MS = 4500;
const RECOVERY_MS = 5000;
const ENVIRONMENT = { RATE_LIMIT: 'off' };

interface Person {
  readonly accessToken: string;
  readonly refreshToken: string;
}

describeOnPostgres('a server whose database goes away', () => {
  let cluster: PrivateCluster | null;
  let server: TestServer;
  let person: Person;
  let thaw: () => void = () => undefined;

  beforeAll(async () => {
    cluster = await PrivateCluster.create(['fsync=off']);
    if (!cluster) return;
    const { url } = cluster;
    await runMigrations(loadDatabaseSettings({ DATABASE_URL: url }));
    const database = { url, query: () => Promise.resolve([]), drop: () => Promise.resolve() };
    server = await TestServer.start(ENVIRONMENT, { database });
    person = (await server.signIn('alice')).body.tokens;
    expect((await server.get('/readyz')).status).toBe(200);
    expect((await server.get('/v1/users/me', { token: person.accessToken })).status).toBe(200);
    await cluster.stop('SIGQUIT');
  });
  afterAll(async () => {
    thaw();
    await server?.close();
    await cluster?.destroy();
  });

  const whenStopped = (name: string, test: () => Promise<void>) =>
    it(name, async () => {
      if (cluster) await test();
      else console.warn(`Skipped, because there is no PostgreSQL to stop on this machine: ${name}`);
    });

  whenStopped('answers 503 in time to a sign-in', async () => {
    await expectUnavailable(() => server.signIn('bob'));
  });

  whenStopped('answers 503 in time to a refresh', async () => {
    await expectUnavailable(() => server.post('/v1/auth/refresh', { refreshToken: person.refreshToken }));
  });

  whenStopped('answers 503 in time to a guarded request that reads', async () => {
    await expectUnavailable(() => server.get('/v1/users/me', { token: person.accessToken }));
  });

  whenStopped('answers 503 in time to forty requests at once', async () => {
    const all = Array.from({ length: 40 }, () => server.get('/v1/users/me', { token: person.accessToken }));
    const answers = await within(PATIENCE_MS, () => Promise.all(all));
    for (const answer of answers) expectProblem(answer, 'SERVICE_UNAVAILABLE');
  });

  whenStopped('lives, but is not ready, and says what is missing', async () => {
    expect((await server.get('/healthz')).status).toBe(200);
    const ready = await within(PATIENCE_MS, () => server.get('/readyz'));
    expectProblem(ready, 'SERVICE_UNAVAILABLE');
    expect(ready.body.detail).toMatch(/database: /);
  });

  whenStopped('goes on to answer what the access token alone tells', async () => {
    const { status, body } = await server.get('/v1/auth/session', { token: person.accessToken });
    expect(status).toBe(200);
    expect(body.userId).toMatch(/^[0-9a-f-]{36}$/);
  });

  whenStopped('serves again as soon as the database is back, with the session and the token as they were', async () => {
    await cluster!.start(['fsync=off']);
    const { refreshToken } = person;
    const recovered = async (path: () => Promise<Answer>) => (await path()).status === 200;
    const since = performance.now();
    await eventually('sign-in', () => recovered(() => server.signIn('carol')), { withinMs: RECOVERY_MS });
    await eventually('refresh', () => recovered(() => server.post('/v1/auth/refresh', { refreshToken })), {
      withinMs: RECOVERY_MS,
    });
    await eventually('readiness', () => recovered(() => server.get('/readyz')), { withinMs: RECOVERY_MS });
    expect(performance.now() - since).toBeLessThan(RECOVERY_MS);
    expect((await server.get('/v1/users/me', { token: person.accessToken })).status).toBe(200);
  });

  whenStopped('answers 503 to a database that has frozen, and serves again when it thaws', async () => {
    const identities = await closeTable(cluster!.url, 'identities', 'share');
    const inTransaction = server.signIn('erin');
    await identities.untilSomebodyWaits();
    thaw = await freeze(cluster!.url);
    try {
      await within(FROZEN_PATIENCE_MS, () =>
        Promise.all([
          expectUnavailable(() => inTransaction, FROZEN_PATIENCE_MS),
          expectUnavailable(() => server.signIn('dave'), FROZEN_PATIENCE_MS),
          expectUnavailable(() => server.get('/v1/users/me', { token: person.accessToken }), FROZEN_PATIENCE_MS),
          expectUnavailable(() => server.get('/readyz'), FROZEN_PATIENCE_MS),
        ]),
      );
      expect((await server.get('/healthz')).status).toBe(200);
    } finally {
      thaw();
      await identities.open();
    }
    await eventually('sign-in', async () => (await server.signIn('dave')).status === 200, { withinMs: RECOVERY_MS });
  });
});

describeOnPostgres('a server whose database does not answer', () => {
  let server: TestServer;
  let other: Client;
  let person: Person;
  beforeAll(async () => {
    server = await TestServer.start(ENVIRONMENT, { postgres: true });
    person = (await server.signIn('alice')).body.tokens;
    const [where] = await server.sql<{ name: string }>('select current_database() as name');
    const url = new URL(process.env['TEST_POSTGRES_URL']!);
    url.pathname = `/${where!.name}`;
    other = new Client({ connectionString: url.href });
    await other.connect();
  });
  afterAll(async () => {
    await other.end();
    await server.close();
  });

  it('answers 503 in time while somebody else holds the table, and serves afterwards', async () => {
    await other.query('begin');
    await other.query('lock table sessions in access exclusive mode');
    await Promise.all([
      expectUnavailable(() => server.post('/v1/auth/refresh', { refreshToken: person.refreshToken }), LOCK_PATIENCE_MS),
      expectUnavailable(() => server.signIn('bob'), LOCK_PATIENCE_MS),
    ]);
    await other.query('rollback');
    expect((await server.post('/v1/auth/refresh', { refreshToken: person.refreshToken })).status).toBe(200);
    expect((await server.signIn('bob')).status).toBe(200);
  });

  it('answers 503 in time while somebody else holds the row, and serves afterwards', async () => {
    const { refreshToken } = (await server.signIn('carol')).body.tokens as Person;
    await other.query('begin');
    await other.query('select from sessions for update');
    await expectUnavailable(() => server.post('/v1/auth/refresh', { refreshToken }), LOCK_PATIENCE_MS);
    await other.query('rollback');
    expect((await server.post('/v1/auth/refresh', { refreshToken })).status).toBe(200);
  });

  it('loses nothing when its connections are cut', async () => {
    await other.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
    const answers = await Promise.all(Array.from({ length: 16 }, () => server.signIn('dave')));
    expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    await eventually('sign-in', async () => (await server.signIn('dave')).status === 200, { withinMs: RECOVERY_MS });
  });
});

/** Stops every process of a PostgreSQL where it stands, connections open and silent, until the answer is called. */
async function freeze(url: string): Promise<() => void> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity where pid <> pg_backend_pid()
     union all select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int`,
  );
  await client.end();
  const pids = rows.map(({ pid }) => pid);
  const signal = (name: NodeJS.Signals) => {
    for (const pid of pids) {
      try {
        process.kill(pid, name);
      } catch (error) {
        // A backend may have ended by itself.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  };
  signal('SIGSTOP');
  return () => signal('SIGCONT');
}

async function expectUnavailable(request: () => Promise<Answer>, ms = PATIENCE_MS): Promise<void> {
  const answer = await within(ms, request);
  expectProblem(answer, 'SERVICE_UNAVAILABLE');
}

async function within<Result>(ms: number, work: () => Promise<Result>): Promise<Result> {
  const since = performance.now();
  const result = await work();
  expect(performance.now() - since).toBeLessThan(ms);
  return result;
}
