import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { AccountLock } from '../../src/account/account-lock.js';
import { SYSTEM } from '../../src/audit/audit-event.js';
import { Database } from '../../src/database/database.js';
import type { Statement } from '../../src/database/statement.js';
import { eventually } from '../support/eventually.js';
import { PROOF_TIMEOUT_MS, times } from '../support/refresh-counts.js';
import { sessionOf, type OpenedSession } from '../support/refresh-http.js';
import { RefreshStage } from '../support/refresh-stage.js';
import type { TestApp } from '../support/test-app.js';
import { closeTable } from '../support/table-gate.js';
import { describeOnPostgres } from '../support/test-database.js';

const RUNS = times(50, 1000);
const ROUNDS = times(3, 100);
const AT_ONCE = 25;
// The rest waits for a connection: each process has 12.
const WAITING = 24;
const SESSIONS_PER_USER = 5;
const REFUSED_WITHIN_MS = 3000;
const SCOPES = ['local', 'global'];
// Tests run without fsync. A commit that takes its time is what makes sign-ins lose to each other again and again.
const SLOW_DISK = `
  create function take_time() returns trigger language plpgsql as 'begin perform pg_sleep(0.005); return null; end';
  create constraint trigger slow_disk after insert on sessions deferrable initially deferred
    for each row execute function take_time()`;
const BY_NOBODY = { actor: SYSTEM, traceId: null };
const DEVICE = { device: { id: 'the-one-device' } };

describeOnPostgres('ending sessions while something else happens to them', () => {
  let stage: RefreshStage;
  let urls: readonly [string, string];
  let app: TestApp;
  let mostAtOnce = 0;

  beforeAll(async () => {
    stage = await RefreshStage.set({ SESSIONS_PER_USER: String(SESSIONS_PER_USER) });
    urls = [await stage.startProcess(), await stage.startProcess()];
    app = await stage.startApp();
  }, PROOF_TIMEOUT_MS);
  afterAll(() => stage.close());

  it(
    'leaves nothing of a session alive that signs out while it is refreshed',
    async () => {
      let refreshed = 0;
      for (let run = 0; run < RUNS; run += 1) {
        const [here, there] = run % 2 === 0 ? urls : ([urls[1], urls[0]] as const);
        const session = await stage.http.open(here, stage.wechat);
        const { refreshToken, accessToken } = session;
        const logout = () => stage.http.post(there, '/v1/auth/logout', { refreshToken, scope: SCOPES[run % 2] });
        const refresh = () => stage.http.refresh(here, refreshToken, 'nonce-of-the-client');
        const [first, signedOut, second] = await Promise.all([refresh(), logout(), refresh()]);
        expect(signedOut.status).toBe(204);

        for (const reply of [first, second]) {
          if (reply.status === 200) refreshed += 1;
          else expect(reply).toEqual({ status: 401, code: 'SESSION_REVOKED' });
        }
        const accessTokens = [accessToken, ...[first, second].flatMap((reply) => reply.accessToken ?? [])];
        const refreshTokens = [refreshToken, ...[first, second].flatMap((reply) => reply.refreshToken ?? [])];
        await expectDead(accessTokens, refreshTokens, 'SESSION_REVOKED');
      }
      console.info(`${refreshed} of ${2 * RUNS} refreshes came before the sign-out`);
      expect(refreshed).toBeGreaterThan(0);
      expect(refreshed).toBeLessThan(2 * RUNS);
    },
    PROOF_TIMEOUT_MS,
  );

  it(
    'leaves nothing of an account alive that is disabled while it signs in',
    async () => {
      let signedIn = 0;
      for (let run = 0; run < RUNS; run += 1) {
        const user = randomUUID();
        const before = await stage.http.open(urls[0], stage.wechat, { user });
        const disable = () => app.app.get(AccountLock).disable(before.userId, BY_NOBODY);
        const refreshing = stage.http.refresh(urls[1], before.refreshToken, null);
        const [first, disabled, second, reply] = await Promise.all([
          trySignIn(urls[0], user),
          // At once, or when the sign-ins are well under way.
          run % 2 === 0 ? disable() : refreshing.then(disable),
          trySignIn(urls[1], user),
          refreshing,
        ]);
        expect(disabled).toBe(true);
        const opened = [first, second].filter((session) => session !== null);
        signedIn += opened.length;

        expect(await liveSessionsOf(before.userId)).toBe(0);
        const accessTokens = [before, ...opened].map((session) => session.accessToken);
        const refreshTokens = [before, ...opened].map((session) => session.refreshToken);
        await expectDead(
          [...accessTokens, ...(reply.accessToken === undefined ? [] : [reply.accessToken])],
          [...refreshTokens, ...(reply.refreshToken === undefined ? [] : [reply.refreshToken])],
          'USER_DISABLED',
        );
      }
      console.info(`${signedIn} of ${2 * RUNS} sign-ins came before the account was disabled`);
      expect(signedIn).toBeGreaterThan(0);
      expect(signedIn).toBeLessThan(2 * RUNS);
    },
    PROOF_TIMEOUT_MS,
  );

  it('makes a sign-in wait for a disable that came first, and refuses it then', async () => {
    const user = randomUUID();
    const { userId } = await stage.http.open(app.url, stage.wechat, { user });
    await withConnection(async (disabling) => {
      await disabling.query('begin');
      await disabling.query(`update users set status = 'disabled' where id = $1`, [userId]);
      const signingIn = signIn(app.url, user);
      await eventually('the sign-in waits', someoneWaits);
      await disabling.query('commit');
      expect(await signingIn).toMatchObject({ status: 403, body: { code: 'USER_DISABLED' } });
    });
  });

  it('makes a disable wait for a sign-in that came first, and ends its session then', async () => {
    const { userId, statement, values } = await captureOpening();
    await withConnection(async (signingIn) => {
      await signingIn.query('begin');
      await signingIn.query(statement.text, values);
      const disabling = app.app.get(AccountLock).disable(userId, BY_NOBODY);
      await eventually('the disable waits', someoneWaits);
      await signingIn.query('commit');
      expect(await disabling).toBe(true);
    });
    expect(await liveSessionsOf(userId)).toBe(0);
  });

  it('would let a session slip past if the sign-in did not hold the row of its user', async () => {
    const { userId, statement, values } = await captureOpening();
    await withConnection(async (signingIn) => {
      await signingIn.query('begin');
      await signingIn.query(withoutUserLock(statement.text), values);
      expect(await app.app.get(AccountLock).disable(userId, BY_NOBODY)).toBe(true);
      await signingIn.query('commit');
    });
    expect(await liveSessionsOf(userId)).toBe(1);
  });

  it(
    `lets ${AT_ONCE} sign-ins of one device at once leave it one session`,
    async () => {
      await stage.http.sql(SLOW_DISK);
      const seen: Record<string, number> = {};
      for (let round = 0; round < ROUNDS; round += 1) {
        const user = randomUUID();
        const { userId } = await stage.http.open(urls[0], stage.wechat, { user, device: DEVICE });
        const answers = await allAtOnce((url) => signIn(url, user, DEVICE));
        for (const { status } of answers) seen[status] = (seen[status] ?? 0) + 1;
        expectServed(answers);

        expect(await liveSessionsOf(userId)).toBe(1);
        const tokens = answers.flatMap(({ status, body }) =>
          status === 200 ? [body.tokens.refreshToken as string] : [],
        );
        const replies = await Promise.all(tokens.map((token) => stage.http.refresh(urls[0], token, null)));
        expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
      }
      console.info(
        `${ROUNDS} rounds of ${AT_ONCE} sign-ins of one device, ${mostAtOnce} of them in the database at once, answers by status: ${JSON.stringify(seen)}`,
      );
    },
    PROOF_TIMEOUT_MS,
  );

  it(
    `leaves a person the sessions they may have, after ${AT_ONCE} sign-ins at once, twice, and one more`,
    async () => {
      const seen: Record<string, number> = {};
      let most = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const user = randomUUID();
        const { userId } = await stage.http.open(urls[0], stage.wechat, { user });
        for (let time = 0; time < 2; time += 1) {
          const answers = await allAtOnce((url) => signIn(url, user));
          expectServed(answers);
          for (const { status } of answers) seen[status] = (seen[status] ?? 0) + 1;
          most = Math.max(most, await liveSessionsOf(userId));
        }
        const last = await stage.http.open(urls[0], stage.wechat, { user });
        expect(await liveSessionsOf(userId)).toBe(SESSIONS_PER_USER);
        expect((await stage.http.refresh(urls[1], last.refreshToken, null)).status).toBe(200);
      }
      console.info(
        `up to ${most} live sessions of a person who may have ${SESSIONS_PER_USER}, until the next sign-in; ` +
          `answers by status: ${JSON.stringify(seen)}`,
      );
    },
    PROOF_TIMEOUT_MS,
  );

  function signIn(url: string, user: string, device: object = {}) {
    return stage.http.post(url, '/v1/auth/wechat/login', { code: stage.wechat.wxLogin(user).code, ...device });
  }

  /** Sign-ins that have met at the table of sessions before any of them goes on. */
  async function allAtOnce<Answer>(signInAt: (url: string) => Promise<Answer>): Promise<Answer[]> {
    const gate = await closeTable(stage.database.url, 'sessions');
    const answers = Promise.all(Array.from({ length: AT_ONCE }, (_one, index) => signInAt(urls[index % 2]!)));
    const waited = await gate.openWhenWaiting(WAITING);
    mostAtOnce = Math.max(mostAtOnce, waited);
    return answers;
  }

  async function trySignIn(url: string, user: string): Promise<OpenedSession | null> {
    const { status, body } = await signIn(url, user);
    if (status === 200) {
      const { accessToken, refreshToken } = body.tokens;
      return { userId: body.user.id, sessionId: sessionOf(accessToken), accessToken, refreshToken };
    }
    expect([status, body.code]).toEqual([403, 'USER_DISABLED']);
    return null;
  }

  /** The statement by which the server opens a session, and values for one more session of a new user. */
  async function captureOpening() {
    const database = app.app.get(Database);
    const query = database.query.bind(database);
    let opening: { statement: Statement; values: unknown[] } | undefined;
    database.query = <Row>(statement: Statement<Row>, values: readonly unknown[]) => {
      if (statement.name === 'open_session') opening = { statement, values: [randomUUID(), ...values.slice(1)] };
      return query(statement, values);
    };
    try {
      const { userId } = await stage.http.open(app.url, stage.wechat);
      return { userId, ...opening! };
    } finally {
      // What was put over the method of the class.
      delete (database as { query?: unknown }).query;
    }
  }

  async function withConnection(work: (client: Client) => Promise<void>): Promise<void> {
    const client = new Client({ connectionString: stage.database.url });
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  }

  async function someoneWaits(): Promise<boolean> {
    const [row] = await stage.http.sql<{ waits: boolean }>(
      `select exists (select from pg_stat_activity
                      where datname = current_database() and wait_event_type = 'Lock') as waits`,
    );
    return row!.waits;
  }

  async function liveSessionsOf(userId: string): Promise<number> {
    const [row] = await stage.http.sql<{ count: number }>(
      'select count(*)::int as count from sessions where user_id = $1 and revoked_at is null',
      [userId],
    );
    return row!.count;
  }

  /** Nothing works any more, at either process; access tokens get the time that the feed may need. */
  async function expectDead(accessTokens: string[], refreshTokens: string[], code: string): Promise<void> {
    for (const url of urls) {
      for (const token of refreshTokens) {
        expect((await stage.http.refresh(url, token, 'nonce-of-the-client')).code).toBe(code);
      }
      for (const token of accessTokens) {
        await eventually('the access token is refused', async () => (await stage.http.refusalOf(url, token)) === code, {
          withinMs: REFUSED_WITHIN_MS,
        });
      }
    }
  }
});

/** At least one is, and nobody is told anything but to wait: on a busy machine the gate may take a second, as a lock may. */
function expectServed(answers: readonly { readonly status: number }[]): void {
  const statuses = answers.map(({ status }) => status);
  expect(statuses).toContain(200);
  expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
}

function withoutUserLock(opening: string): string {
  expect(opening).toContain(' for share)');
  return opening.replace(' for share)', ')');
}
