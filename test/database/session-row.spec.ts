import { withClockAheadBy } from '../support/native/clock.mjs';
import { countStatements, type CountedStatements } from '../support/counted-statements.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { describeOnPostgres } from '../support/test-database.js';

const IDLE_SECONDS = 3600;
const ABSOLUTE_SECONDS = 7200;
const DAY_MS = 86_400_000;
// How far two readings of the database's clock lie apart in one test, at most.
const CLOSE_SECONDS = 10;

interface Row {
  readonly id: string;
  readonly generation: number;
  readonly fork: number;
  readonly retired_generations: number[];
  readonly retired_forks: number[];
  readonly retired: number;
  /** Seconds between the row's time and the database's present. */
  readonly rotated_ago: number;
  readonly created_ago: number;
  readonly idle_left: number;
  readonly absolute_left: number;
  /** As text, to compare exactly. */
  readonly idle_expires_at: string;
  readonly absolute_expires_at: string;
}

const SELECT_ROW = `
  select id, generation, fork, retired_generations, retired_forks, cardinality(retired_at) as retired,
    extract(epoch from now() - rotated_at)::float8 as rotated_ago,
    extract(epoch from now() - created_at)::float8 as created_ago,
    extract(epoch from idle_expires_at - now())::float8 as idle_left,
    extract(epoch from absolute_expires_at - now())::float8 as absolute_left,
    idle_expires_at::text, absolute_expires_at::text
  from sessions where user_id = $1`;

const ENVIRONMENT = {
  ACCESS_TOKEN_TTL_SECONDS: '600',
  REFRESH_IDLE_TTL_SECONDS: String(IDLE_SECONDS),
  REFRESH_ABSOLUTE_TTL_SECONDS: String(ABSOLUTE_SECONDS),
  RATE_LIMIT: 'off',
};

describe('the row of a session', () => {
  let server: TestApp;
  let statements: CountedStatements;

  beforeAll(async () => {
    server = await startTestApp(ENVIRONMENT);
    statements = countStatements(server.dataSource);
  });
  afterAll(async () => {
    statements.stop();
    await server.close();
  });

  it('is one row however often it is refreshed, with the last eight tokens that died', async () => {
    const { userId, refreshToken } = await signIn(server, 'alice');
    let token = refreshToken;
    for (let count = 0; count < 50; count += 1) token = (await refresh(server, token)).refreshToken;
    const rows = await rowsOf(server, userId);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ generation: 50, fork: 0, retired: 8 });
    expect(rows[0]!.retired_generations).toEqual([48, 47, 46, 45, 44, 43, 42, 41]);
    expect(rows[0]!.retired_forks).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('is refreshed by exactly one statement', async () => {
    const { refreshToken } = await signIn(server, 'bob');
    let token = refreshToken;
    const samples: string[][] = [];
    for (let count = 0; count < 5; count += 1) {
      samples.push(await statements.during(async () => void ({ refreshToken: token } = await refresh(server, token))));
    }
    // Somebody else may use the pool meanwhile, such as a job, but not during all of five refreshes.
    const [fewest] = samples.toSorted((a, b) => a.length - b.length);
    expect(fewest).toEqual([expect.stringMatching(/^\s*update sessions set/)]);
  });

  it('is counted on the pool for real: a sign-in is seen there, a guarded request takes no statement', async () => {
    const { accessToken } = await signIn(server, 'carol');
    const headers = { authorization: `Bearer ${accessToken}` };
    const counts: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      const sent = await statements.during(async () => {
        expect((await fetch(`${server.url}/v1/auth/session`, { headers })).status).toBe(200);
      });
      counts.push(sent.length);
    }
    expect(Math.min(...counts)).toBe(0);
    expect(await statements.during(() => signIn(server, 'carol'))).not.toEqual([]);
  });

  it('lives on by the idle time from each refresh', async () => {
    const { userId, refreshToken } = await signIn(server, 'frank');
    await shift(server, userId, 'idle_expires_at', 60);
    const { refreshExpiresIn } = await refresh(server, refreshToken);
    const [row] = await rowsOf(server, userId);
    expect(Math.abs(row!.idle_left - IDLE_SECONDS)).toBeLessThan(CLOSE_SECONDS);
    expect(Math.abs(refreshExpiresIn - IDLE_SECONDS)).toBeLessThan(CLOSE_SECONDS);
  });

  it('never lives on beyond its absolute end, which no refresh moves', async () => {
    const { userId, refreshToken } = await signIn(server, 'grace');
    await shift(server, userId, 'idle_expires_at', 60);
    await shift(server, userId, 'absolute_expires_at', 300);
    const [before] = await rowsOf(server, userId);
    const { refreshExpiresIn } = await refresh(server, refreshToken);
    const [after] = await rowsOf(server, userId);
    expect(after!.absolute_expires_at).toBe(before!.absolute_expires_at);
    expect(after!.idle_expires_at).toBe(before!.absolute_expires_at);
    expect(refreshExpiresIn).toBeLessThanOrEqual(300);
  });

  it('does not change when a refresh is repeated', async () => {
    const { userId, refreshToken } = await signIn(server, 'heidi');
    const first = await refresh(server, refreshToken, 'nonce-of-heidi');
    await shift(server, userId, 'idle_expires_at', 60);
    const [before] = await rowVersionsOf(server, userId);
    const again = await refresh(server, refreshToken, 'nonce-of-heidi');
    const [after] = await rowVersionsOf(server, userId);
    expect(again.refreshToken).toBe(first.refreshToken);
    expect(again.refreshExpiresIn).toBeLessThanOrEqual(60);
    expect(after).toEqual(before);
  });

  it('does change when a refresh is new, so the comparison sees it', async () => {
    const { userId, refreshToken } = await signIn(server, 'ivan');
    const [before] = await rowVersionsOf(server, userId);
    await refresh(server, refreshToken);
    const [after] = await rowVersionsOf(server, userId);
    expect(after).not.toEqual(before);
  });
});

// The embedded database has no clock but this process's.
describeOnPostgres('the clock of a session', () => {
  it('is the database’s, however wrong the clock of the server is', async () => {
    const server = await startTestApp(ENVIRONMENT, { postgres: true });
    const { userId, refreshToken } = await signIn(server, 'dave');
    const tomorrow = await withClockAheadBy(DAY_MS, async () => {
      await refresh(server, refreshToken);
      return signIn(server, 'erin');
    });
    expect(issuedAtOf(tomorrow.accessToken) - Date.now()).toBeGreaterThan(DAY_MS - CLOSE_SECONDS * 1000);
    const [refreshed] = await rowsOf(server, userId);
    const [opened] = await rowsOf(server, tomorrow.userId);
    for (const row of [refreshed!, opened!]) {
      expect(row.rotated_ago).toBeGreaterThanOrEqual(0);
      expect(row.rotated_ago).toBeLessThan(CLOSE_SECONDS);
      expect(row.created_ago).toBeLessThan(CLOSE_SECONDS);
      expect(Math.abs(row.idle_left - IDLE_SECONDS)).toBeLessThan(CLOSE_SECONDS);
      expect(Math.abs(row.absolute_left - ABSOLUTE_SECONDS)).toBeLessThan(CLOSE_SECONDS);
    }
    await server.close();
  });
});

async function post(server: TestApp, path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  expect([response.status, answer['code']]).toEqual([200, undefined]);
  return answer;
}

async function signIn(
  server: TestApp,
  user: string,
): Promise<{ userId: string; refreshToken: string; accessToken: string }> {
  const answer = await post(server, '/v1/auth/wechat/login', { code: server.wechat.wxLogin(user).code });
  const tokens = answer['tokens'] as { refreshToken: string; accessToken: string };
  return { userId: (answer['user'] as { id: string }).id, ...tokens };
}

async function refresh(server: TestApp, refreshToken: string, nonce?: string) {
  const answer = await post(server, '/v1/auth/refresh', {
    refreshToken,
    ...(nonce === undefined ? {} : { nonce }),
  });
  return answer as unknown as { refreshToken: string; refreshExpiresIn: number };
}

async function rowsOf(server: TestApp, userId: string): Promise<Row[]> {
  return server.dataSource.query<Row[]>(SELECT_ROW, [userId]);
}

/** Whole rows with the transaction that wrote them, so that even a write of the same values shows. */
async function rowVersionsOf(server: TestApp, userId: string): Promise<{ row: string }[]> {
  return server.dataSource.query('select xmin::text || s::text as row from sessions s where user_id = $1', [userId]);
}

/** Lets time pass for a row: its end comes closer, to so many seconds from now. */
async function shift(
  server: TestApp,
  userId: string,
  column: 'idle_expires_at' | 'absolute_expires_at',
  seconds: number,
): Promise<void> {
  await server.dataSource.query(
    `update sessions set ${column} = now() + make_interval(secs => $2) where user_id = $1`,
    [userId, seconds],
  );
}

/** When an access token says it was made, by the server's clock; milliseconds. */
function issuedAtOf(accessToken: string): number {
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString()) as { iat: number };
  return claims.iat * 1000;
}
