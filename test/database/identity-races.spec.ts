import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { closeTable } from '../support/table-gate.js';
import { startTestApp } from '../support/test-app.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer, type Answer } from '../support/test-server.js';
import { dropUniqueIdentities, trustWhatWasRead } from '../support/weak-linking.js';

const [APP_ONE, APP_TWO] = SANDBOX_APPS.map((app) => app.appId) as [string, string];
const AT_ONCE = 40;
// Half of the requests race in the database, the other half queue for its connections.
const RACING = AT_ONCE / 2;
// Far more sign-ins of one person than a phone makes in a minute.
const ENVIRONMENT = { RATE_LIMIT: 'off', DATABASE_POOL_SIZE: String(RACING) };

describeOnPostgres('sign-ins that race for one identity', () => {
  let database: TestDatabase;
  let server: TestServer;
  const answers: Answer[] = [];

  /**
   * Signs in as often as there are entries. As many as can race have found that they must write an identity, and do so at the
   * same moment; or, where none is written, begin to look for one.
   */
  async function signInAtOnce(
    entries: readonly { user: string; appId?: string }[],
    { writing = true } = {},
  ): Promise<Answer[]> {
    const gate = await closeTable(database.url, 'identities', writing ? 'share' : 'access exclusive');
    const requests = entries.map(({ user, ...extra }) => server.signIn(user, extra));
    const raced = await gate.openWhenWaiting(Math.min(RACING, entries.length));
    const got = await Promise.all(requests);
    if (entries.length > 1) expect(raced).toBeGreaterThan(1);
    answers.push(...got);
    return got;
  }

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await TestServer.start(ENVIRONMENT, { database });
  });
  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  it('make one user of one openid, and tell one of them that it is new', async () => {
    const got = await signInAtOnce(Array.from({ length: AT_ONCE }, () => ({ user: 'alice' })));
    expect(got.map(({ status }) => status)).toEqual(got.map(() => 200));
    expect(userIdsOf(got).size).toBe(1);
    expect(got.filter(({ body }) => body.isNewUser)).toHaveLength(1);
    expect(await identitiesOf(got[0]!.body.user.id)).toEqual(['wechat_openid', 'wechat_unionid']);
  });

  it('make one user of one unionid that arrives in two apps', async () => {
    const people = Array.from({ length: 20 }, (_, index) => `bob-${index}`);
    const got = await signInAtOnce(
      people.flatMap((user) => [
        { user, appId: APP_ONE },
        { user, appId: APP_TWO },
      ]),
    );
    expect(got.map(({ status }) => status)).toEqual(got.map(() => 200));
    for (const [index] of people.entries()) {
      const pair = got.slice(2 * index, 2 * index + 2);
      expect(userIdsOf(pair).size).toBe(1);
      expect(pair.filter(({ body }) => body.isNewUser)).toHaveLength(1);
      expect(await identitiesOf(pair[0]!.body.user.id)).toEqual(['wechat_openid', 'wechat_openid', 'wechat_unionid']);
    }
    expect(userIdsOf(got).size).toBe(people.length);
  });

  it('attach a unionid that arrives later once', async () => {
    server.wechat.createUser({ id: 'carol', unionid: false });
    const [before] = await signInAtOnce([{ user: 'carol' }]);
    expect(await identitiesOf(before!.body.user.id)).toEqual(['wechat_openid']);
    server.wechat.createUser({ id: 'carol', unionid: true });
    const got = await signInAtOnce(Array.from({ length: 20 }, () => ({ user: 'carol' })));
    expect(got.map(({ status }) => status)).toEqual(got.map(() => 200));
    expect(userIdsOf([before!, ...got]).size).toBe(1);
    expect(await identitiesOf(before!.body.user.id)).toEqual(['wechat_openid', 'wechat_unionid']);
  });

  it('stay with the user of the openid when the unionid is another user’s, and move nothing', async () => {
    server.wechat.createUser({ id: 'dave', unionid: false });
    const [one] = await signInAtOnce([{ user: 'dave', appId: APP_ONE }]);
    server.wechat.createUser({ id: 'dave', unionid: true });
    const [two] = await signInAtOnce([{ user: 'dave', appId: APP_TWO }]);
    const [idOne, idTwo] = [one!.body.user.id, two!.body.user.id] as [string, string];
    expect(idTwo).not.toBe(idOne);

    const before = [await identitiesOf(idOne), await identitiesOf(idTwo)];
    const got = await signInAtOnce(
      Array.from({ length: 20 }, (_, index) => ({ user: 'dave', appId: index % 2 === 0 ? APP_ONE : APP_TWO })),
      { writing: false },
    );
    expect(got.map(({ status, body }) => [status, body.user?.id])).toEqual(
      got.map((_, index) => [200, index % 2 === 0 ? idOne : idTwo]),
    );
    expect(before).toEqual([['wechat_openid'], ['wechat_openid', 'wechat_unionid']]);
    expect([await identitiesOf(idOne), await identitiesOf(idTwo)]).toEqual(before);
  });

  it('leave no answer of 5xx, no user without an identity and no session without a user behind', async () => {
    expect(answers.length).toBeGreaterThan(100);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    const orphans = `select id from users u where not exists (select from identities where user_id = u.id)`;
    expect(await server.sql(orphans)).toEqual([]);
    const homeless = `select id from sessions s where not exists (select from users where id = s.user_id)`;
    expect(await server.sql(homeless)).toEqual([]);
    const [counted] = await server.sql<{ users: number }>('select count(*)::int as users from users');
    expect(counted!.users).toBe(userIdsOf(answers).size);
  });

  async function identitiesOf(userId: string): Promise<string[]> {
    const rows = await server.sql<{ kind: string }>('select kind from identities where user_id = $1 order by kind', [
      userId,
    ]);
    return rows.map(({ kind }) => kind);
  }
});

describeOnPostgres('the same race without the unique constraint', () => {
  it('makes many users of one openid, so the constraint is what decides it', async () => {
    const database = await createTestDatabase();
    await dropUniqueIdentities(database);
    const server = await startTestApp(ENVIRONMENT, { database });
    trustWhatWasRead(server);
    const gate = await closeTable(database.url, 'identities', 'share');
    const requests = Array.from({ length: AT_ONCE }, () => signIn(server.url, server.wechat, 'alice'));
    await gate.openWhenWaiting(RACING);
    // Some find an openid of two people, which nothing is made for.
    await Promise.all(requests);
    const [counted] = await database.query<{ users: number }>('select count(*)::int as users from users');
    await server.close();
    await database.drop();
    expect(counted!.users).toBeGreaterThan(2);
  });
});

async function signIn(url: string, wechat: Sandbox, user: string): Promise<number> {
  const response = await fetch(`${url}/v1/auth/wechat/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: wechat.wxLogin(user).code }),
  });
  await response.arrayBuffer();
  return response.status;
}

function userIdsOf(answers: readonly Answer[]): Set<string> {
  return new Set(answers.map(({ body }) => body.user.id as string));
}
