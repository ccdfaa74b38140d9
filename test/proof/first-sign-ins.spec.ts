import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { PROOF_TIMEOUT_MS, times } from '../support/refresh-counts.js';
import { closeTable } from '../support/table-gate.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { dropUniqueIdentities, trustWhatWasRead } from '../support/weak-linking.js';

const PEOPLE = times(50, 1000);
const AT_ONCE_EACH = 10;
const PEOPLE_AT_ONCE = 10;
const ENVIRONMENT = { DATABASE_POOL_SIZE: '20' };
const [APP_ONE, APP_TWO] = SANDBOX_APPS.map((app) => app.appId) as [string, string];

interface SignIn {
  readonly person: string;
  readonly status: number;
  readonly userId: string | undefined;
  readonly isNewUser: boolean | undefined;
}

/** Every second person is known by a unionid and opens both apps at once; the others have one openid and nothing else. */
const hasUnionid = (index: number): boolean => index % 2 === 0;

describeOnPostgres('people who sign in for the first time, ten times at once each', () => {
  let database: TestDatabase;
  let server: TestApp;
  const answers: SignIn[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startTestApp(ENVIRONMENT, { database });
    for (let from = 0; from < PEOPLE; from += PEOPLE_AT_ONCE) {
      const indexes = Array.from({ length: Math.min(PEOPLE_AT_ONCE, PEOPLE - from) }, (_, n) => from + n);
      indexes.forEach((index) => server.wechat.createUser({ id: `person-${index}`, unionid: hasUnionid(index) }));
      const signIns = Array.from({ length: AT_ONCE_EACH }, (_, time) =>
        indexes.map((index) => signIn(server, `person-${index}`, hasUnionid(index) && time % 2 ? APP_TWO : APP_ONE)),
      );
      answers.push(...(await Promise.all(signIns.flat())));
    }
  }, PROOF_TIMEOUT_MS);
  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  const count = async (what: string): Promise<number> => {
    const [row] = await database.query<{ count: number }>(`select count(*)::int as count from ${what}`);
    return row!.count;
  };

  it('are all let in', () => {
    expect(answers).toHaveLength(PEOPLE * AT_ONCE_EACH);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  });

  it('are as many users as there are people, each told once that it is new', async () => {
    expect(await count('users')).toBe(PEOPLE);
    const byPerson = new Map<string, SignIn[]>();
    for (const answer of answers) byPerson.set(answer.person, [...(byPerson.get(answer.person) ?? []), answer]);
    expect(byPerson.size).toBe(PEOPLE);
    for (const all of byPerson.values()) {
      expect(new Set(all.map(({ userId }) => userId)).size).toBe(1);
      expect(all.filter(({ isNewUser }) => isNewUser)).toHaveLength(1);
    }
  });

  it('hold every openid and every unionid once', async () => {
    const withUnionid = Array.from({ length: PEOPLE }, (_, index) => index).filter(hasUnionid).length;
    expect(await count(`identities where kind = 'wechat_openid'`)).toBe(PEOPLE + withUnionid);
    expect(await count(`identities where kind = 'wechat_unionid'`)).toBe(withUnionid);
    expect(await count(`(select user_id from identities group by user_id having count(*) > 3) as rich`)).toBe(0);
  });

  it('leave nothing behind that belongs to nobody', async () => {
    expect(await count('users u where not exists (select from identities where user_id = u.id)')).toBe(0);
    expect(await count('sessions s where not exists (select from users where id = s.user_id)')).toBe(0);
    expect(await count('sessions s where not exists (select from identities where id = s.identity_id)')).toBe(0);
    expect(await count('sessions')).toBe(PEOPLE * AT_ONCE_EACH);
  });
});

describeOnPostgres('the same without what decides it', () => {
  it('makes more users than there are people', async () => {
    const database = await createTestDatabase();
    await dropUniqueIdentities(database);
    const server = await startTestApp(ENVIRONMENT, { database });
    trustWhatWasRead(server);
    const gate = await closeTable(database.url, 'identities', 'share');
    const signIns = Array.from({ length: AT_ONCE_EACH }, () => signIn(server, 'alice', APP_ONE));
    await gate.openWhenWaiting(AT_ONCE_EACH);
    await Promise.all(signIns);
    const users = await database.query('select id from users');
    await server.close();
    await database.drop();
    expect(users.length).toBeGreaterThan(1);
  });
});

async function signIn({ url, wechat }: TestApp, person: string, appId: string): Promise<SignIn> {
  const response = await fetch(`${url}/v1/auth/wechat/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: wechat.wxLogin(person, appId).code, appId }),
  });
  const { user, isNewUser } = (await response.json()) as { user?: { id: string }; isNewUser?: boolean };
  return { person, status: response.status, userId: user?.id, isNewUser };
}
