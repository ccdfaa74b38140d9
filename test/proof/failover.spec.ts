import fc from 'fast-check';
import { PROOF_TIMEOUT_MS, times } from '../support/refresh-counts.js';
import { RefreshHttp, sessionOf, type OpenedSession } from '../support/refresh-http.js';
import { RefreshStage } from '../support/refresh-stage.js';
import { rotateBy } from '../support/refresh-variants.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer } from '../support/test-server.js';

const RUNS = times(20, 1000);
const AT_ONCE = 32;
const FAST_FORWARDED = '"event":"session_fast_forwarded"';

/** What a refresh before the failover comes to. */
type Fate = 'answered' | 'answer lost' | 'answer lost, and much later';

interface Row {
  readonly generation: number;
  readonly fork: number;
  readonly retired_generations: number[];
  readonly retired_forks: number[];
  readonly retired: number;
  readonly rows: number;
}

// A failover to a replica that is behind looks like this to the server: the row is as it was some refreshes ago.
describeOnPostgres('a database that loses its last commits', () => {
  let database: TestDatabase;
  let server: TestServer;
  let http: RefreshHttp;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await TestServer.start({ RATE_LIMIT: 'off' }, { database });
    http = new RefreshHttp(database.url);
  });
  afterAll(async () => {
    await http.close();
    await server.close();
    await database.drop();
  });

  const fates = fc.array(fc.constantFrom<Fate>('answered', 'answered', 'answer lost', 'answer lost, and much later'), {
    minLength: 1,
    maxLength: 14,
  });

  it.each([
    ['with a nonce', true],
    ['without a nonce', false],
  ])(
    'loses no session, however far it falls back: %s',
    async (_how, sendsNonce) => {
      let fastForwards = 0;
      await fc.assert(
        fc.asyncProperty(fates, fc.nat({ max: 14 }), async (lived, lost) => {
          const client = await live(lived, sendsNonce);
          await putBack(client, Math.max(0, client.rows.length - 1 - lost));
          const isAhead = isNewer(client.token, await rowOf(client.session));
          const eventsBefore = events();

          const next = await http.refresh(server.url, client.token, client.nonce);
          expect(next.status).toBe(200);
          const again = await http.refresh(server.url, client.token, client.nonce);
          expect(again.refreshToken).toBe(next.refreshToken);
          expect(events() - eventsBefore).toBe(isAhead ? 1 : 0);
          if (isAhead) fastForwards += 1;

          const afterNext = await http.refresh(server.url, next.refreshToken!, 'nonce-of-the-next');
          expect(afterNext.status).toBe(200);
          expectSound(await rowOf(client.session));

          // A thief who kept the token of before is seen as ever.
          await http.letPass(client.session.sessionId, 125);
          expect(await http.refresh(server.url, client.token, client.nonce)).toEqual({
            status: 401,
            code: 'REFRESH_TOKEN_REUSED',
          });
        }),
        { numRuns: RUNS },
      );
      expect(fastForwards).toBeGreaterThan(0);
      console.info(`${fastForwards} of ${RUNS} clients were ahead of the database`);
    },
    PROOF_TIMEOUT_MS,
  );

  it('gives one child to many refreshes at once of a token that is ahead', async () => {
    const client = await live(['answered', 'answered', 'answered'], true);
    await putBack(client, 0);
    const replies = await Promise.all(
      Array.from({ length: AT_ONCE }, () => http.refresh(server.url, client.token, client.nonce)),
    );
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expect(new Set(replies.map(({ refreshToken }) => refreshToken)).size).toBe(1);
    expect((await http.refresh(server.url, replies[0]!.refreshToken!, 'nonce-of-the-next')).status).toBe(200);
    expect(await rowOf(client.session)).toMatchObject({ generation: 5, fork: 0, rows: 1 });
  });

  it.each([0, 1, 2, 3])('ends no session for a late duplicate from before, put back to refresh %i', async (index) => {
    const client = await live(['answered', 'answered', 'answered'], true);
    await putBack(client, index);
    const next = await http.refresh(server.url, client.token, client.nonce);
    for (const { token, nonce } of client.used) {
      const late = await http.refresh(server.url, token, nonce);
      expect(late).toEqual({ status: 409, code: 'REFRESH_SUPERSEDED' });
    }
    expect((await http.refresh(server.url, next.refreshToken!, 'nonce-of-the-next')).status).toBe(200);
  });

  it('names the session in the security event, and no token', async () => {
    const client = await live(['answered'], true);
    await putBack(client, 0);
    await http.refresh(server.url, client.token, client.nonce);
    const event = server.logs.findLast((line) => line.includes(FAST_FORWARDED))!;
    expect(JSON.parse(event)).toMatchObject({ level: 'warn', sessionId: client.session.sessionId });
    expect(event).not.toContain(client.token);
  });

  it('revives no session that is signed out', async () => {
    const client = await live(['answered', 'answered'], true);
    await http.post(server.url, '/v1/auth/logout', { refreshToken: client.token });
    await putBack(client, 0);
    expect(await http.refresh(server.url, client.token, client.nonce)).toEqual({
      status: 401,
      code: 'SESSION_REVOKED',
    });
  });

  it('believes no token that it did not write, however new it claims to be', async () => {
    const client = await live(['answered'], true);
    const before = await rowOf(client.session);
    const forged = Buffer.from(client.token, 'base64url');
    forged.writeUInt32BE(before.generation + 1, 17);
    expect(await http.refresh(server.url, forged.toString('base64url'), client.nonce)).toEqual({
      status: 401,
      code: 'REFRESH_TOKEN_INVALID',
    });
    expect(await rowOf(client.session)).toEqual(before);
    expect((await http.refresh(server.url, client.token, client.nonce)).status).toBe(200);
  });

  it('would lose the session of a client that is ahead on a server with strict rotation', async () => {
    const stage = await RefreshStage.set();
    try {
      const strict = await stage.startApp();
      rotateBy('strict', strict.app);
      const session = await stage.http.open(strict.url, stage.wechat);
      const next = await stage.http.refresh(strict.url, session.refreshToken, null);
      await stage.http.sql('update sessions set generation = 0, parent_fork = null where id = $1', [session.sessionId]);
      expect(await stage.http.refresh(strict.url, next.refreshToken!, null)).toMatchObject({ status: 401 });
    } finally {
      await stage.close();
    }
  });

  let users = 0;

  interface LivedClient {
    readonly session: OpenedSession;
    readonly token: string;
    readonly nonce: string | null;
    /** What was presented before the token. */
    readonly used: readonly { readonly token: string; readonly nonce: string | null }[];
    /** The row after the sign-in and after every refresh. */
    readonly rows: readonly { readonly row: string; readonly at: number }[];
    /** Seconds since the sign-in. */
    readonly now: number;
  }

  /** An honest client alone with its session. After a lost answer it still holds the parent. */
  async function live(lived: readonly Fate[], sendsNonce: boolean): Promise<LivedClient> {
    const { body } = await server.signIn(`user-${(users += 1)}`);
    const { accessToken, refreshToken } = body.tokens;
    const session = { userId: body.user.id, sessionId: sessionOf(accessToken), accessToken, refreshToken };
    const nonceAt = (step: number) => (sendsNonce ? `nonce-of-step-${step}` : null);
    let token: string = refreshToken;
    let nonce = nonceAt(0);
    let now = 0;
    const used: { token: string; nonce: string | null }[] = [];
    const rows = [{ row: await copyRow(session), at: now }];
    for (const [step, fate] of lived.entries()) {
      const reply = await http.refresh(server.url, token, nonce);
      expect(reply.status).toBe(200);
      rows.push({ row: await copyRow(session), at: now });
      if (fate === 'answered') {
        used.push({ token, nonce });
        token = reply.refreshToken!;
        nonce = nonceAt(step + 1);
      }
      if (fate === 'answer lost, and much later') {
        await http.letPass(session.sessionId, 7200);
        now += 7200;
      }
    }
    return { session, token, nonce, used, rows, now };
  }

  async function copyRow({ sessionId }: OpenedSession): Promise<string> {
    const [copy] = await http.sql<{ row: string }>('select to_jsonb(s)::text as row from sessions s where id = $1', [
      sessionId,
    ]);
    return copy!.row;
  }

  /** Makes the row what it was, but for a sign-out, which is committed more safely, and for the time. */
  async function putBack({ session, rows, now }: LivedClient, index: number): Promise<void> {
    const { row, at } = rows[index]!;
    await http.sql(
      `update sessions s set generation = was.generation, fork = was.fork, parent_fork = was.parent_fork,
         parent_nonce_hash = was.parent_nonce_hash, rotated_at = was.rotated_at,
         retired_generations = was.retired_generations, retired_forks = was.retired_forks,
         retired_at = was.retired_at, idle_expires_at = was.idle_expires_at,
         absolute_expires_at = was.absolute_expires_at, created_at = was.created_at
       from jsonb_populate_record(null::sessions, $2::jsonb) as was where s.id = $1`,
      [session.sessionId, row],
    );
    await http.letPass(session.sessionId, now - at);
  }

  async function rowOf({ userId }: OpenedSession): Promise<Row> {
    const rows = await http.sql<Row>(
      `select generation, fork, retired_generations, retired_forks, cardinality(retired_at) as retired,
         count(*) over ()::int as rows
       from sessions where user_id = $1`,
      [userId],
    );
    return rows[0]!;
  }

  function events(): number {
    return server.logs.filter((line) => line.includes(FAST_FORWARDED)).length;
  }
});

/** One row, and a ring in step that holds only older tokens, each once. */
function expectSound({ generation, retired_generations, retired_forks, retired, rows }: Row): void {
  expect(rows).toBe(1);
  expect(retired).toBeLessThanOrEqual(8);
  expect([retired_generations.length, retired_forks.length]).toEqual([retired, retired]);
  const points = retired_generations.map((one, index) => `${one}.${retired_forks[index]}`);
  expect(new Set(points).size).toBe(retired);
  for (const one of retired_generations) expect(one).toBeLessThan(generation);
}

/** The place in a token of generation and fork is told by `RefreshTokens`. */
function isNewer(token: string, row: Row): boolean {
  const bytes = Buffer.from(token, 'base64url');
  const [generation, fork] = [bytes.readUInt32BE(17), bytes.readUInt32BE(21)];
  return generation > row.generation || (generation === row.generation && fork > row.fork);
}
