import { eventually } from '../support/eventually.js';
import { startPgbouncer, pgbouncerIsInstalled, type PrivatePgbouncer } from '../support/private-pgbouncer.js';
import { ServerChildren } from '../support/server-child.js';
import { createTestDatabase, postgresIsThere, type TestDatabase } from '../support/test-database.js';
import { TestServer } from '../support/test-server.js';

const PEOPLE = 24;

const missing = !postgresIsThere ? 'PostgreSQL' : !pgbouncerIsInstalled() ? 'pgbouncer' : null;
const describeBehindPgbouncer = missing
  ? (name: string, _tests: () => void) => describe.skip(`${name} (skipped: no ${missing} on this machine)`, _tests)
  : describe;

describeBehindPgbouncer('behind pgbouncer in transaction mode', () => {
  let database: TestDatabase;
  let pgbouncer: PrivatePgbouncer;
  beforeAll(async () => {
    database = await createTestDatabase();
    pgbouncer = await startPgbouncer(database.url);
  });
  afterAll(async () => {
    await pgbouncer?.stop();
    await database?.drop();
  });

  const serve = (prepared: 'on' | 'off') =>
    TestServer.start(
      { DATABASE_URL: pgbouncer.url, DATABASE_DIRECT_URL: database.url, DATABASE_PREPARED: prepared },
      { database },
    );

  /** What everybody does, all at once: in, who am I, on, out, and out it is. Answers the statuses of one person. */
  const live = async (server: TestServer, person: string): Promise<number[]> => {
    const signedIn = await server.signIn(person, { device: { id: `phone-of-${person}` } });
    const again = await server.signIn(person, { device: { id: `phone-of-${person}` } });
    const { accessToken: token, refreshToken } = again.body.tokens ?? {};
    const me = await server.get('/v1/users/me', { token });
    const refreshed = await server.post('/v1/auth/refresh', { refreshToken });
    const out = await server.post('/v1/auth/logout', { refreshToken });
    const after = await server.get('/v1/auth/session', { token });
    return [signedIn, again, me, refreshed, out, after].map(({ status }) => status);
  };
  const everybody = (server: TestServer): Promise<number[][]> =>
    Promise.all(Array.from({ length: PEOPLE }, (_, index) => live(server, `person-${index}`)));

  it('serves everybody with DATABASE_PREPARED=off', async () => {
    const server = await serve('off');
    try {
      expect(await everybody(server)).toEqual(Array(PEOPLE).fill([200, 200, 200, 200, 204, 401]));
    } finally {
      await server.close();
    }
  });

  it('hears over DATABASE_DIRECT_URL what another instance has ended', async () => {
    const children = await ServerChildren.on(
      { url: pgbouncer.url, query: (text, values) => database.query(text, values) },
      { DATABASE_DIRECT_URL: database.url, DATABASE_PREPARED: 'off' },
    );
    try {
      const [one, other] = await Promise.all([children.start(), children.start()]);
      const { accessToken: token } = (await one.signIn('wanderer')).body.tokens;
      expect((await other.get('/v1/auth/session', { token })).status).toBe(200);
      expect((await one.post('/v1/auth/logout', {}, { token })).status).toBe(204);
      const refused = async () => (await other.get('/v1/auth/session', { token })).status === 401;
      // The poll alone would need up to 2 s.
      await eventually('the other refuses', refused, { withinMs: 1500 });
    } finally {
      await children.close();
    }
  });

  it('does not with named prepared statements, which stay behind on a connection of somebody else', async () => {
    const server = await serve('on');
    try {
      expect((await everybody(server)).flat()).toContain(500);
    } finally {
      await server.close();
    }
  });
});
