import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { expectProblem } from '../support/problems.js';
import { TestServer, type Answer } from '../support/test-server.js';

const PHONE = '/v1/users/me/phone';

describe('my phone number', () => {
  let server: TestServer;
  let numbers = 0;

  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server.close());

  const number = () => ({ countryCode: '86', purePhoneNumber: `138${String((numbers += 1)).padStart(8, '0')}` });

  async function signIn(user: string, extra: Record<string, unknown> = {}): Promise<string> {
    return (await server.signIn(user, extra)).body.tokens.accessToken as string;
  }

  const bind = (token: string, body: Record<string, unknown>): Promise<Answer> =>
    server.request('PUT', PHONE, { token, body });

  it('is bound by the code of the phone button, shown masked, and found in /me', async () => {
    const token = await signIn('alice');
    const phone = { countryCode: '86', purePhoneNumber: '13800138000' };
    const { code } = server.wechat.phones.pressPhoneButton('alice', { phone });
    const { status, body } = await bind(token, { code });
    expect([status, body.phone]).toEqual([200, '138******00']);
    expect(body.identities.map(({ kind }: { kind: string }) => kind)).toContain('phone');
    expect((await server.get('/v1/users/me', { token })).body).toEqual(body);
    expect((await server.signIn('alice')).body.user.phone).toBe('138******00');
  });

  it('is bound by the encrypted data of an old base library', async () => {
    const token = await signIn('bob');
    const { encryptedData, iv } = server.wechat.phones.pressPhoneButton('bob', { phone: number() });
    const { status, body } = await bind(token, { encryptedData, iv });
    expect([status, body.phone]).toEqual([200, expect.stringMatching(/^138\*{6}\d\d$/)]);
  });

  it.each(['string', 'number'] as const)('is read whether the country code is a %s', async (countryCodeType) => {
    const token = await signIn(`abroad-${countryCodeType}`);
    const phone = { countryCode: '852', purePhoneNumber: countryCodeType === 'string' ? '51234567' : '51234568' };
    const { code } = server.wechat.phones.pressPhoneButton(`abroad-${countryCodeType}`, { phone, countryCodeType });
    expect((await bind(token, { code })).body.phone).toMatch(/^\+852 51\*{4}6[78]$/);
  });

  it('can be replaced, and the old number is free again', async () => {
    const [carol, dave] = [await signIn('carol'), await signIn('dave')];
    const [first, second] = [number(), number()];
    const press = (user: string, phone: { countryCode: string; purePhoneNumber: string }) =>
      server.wechat.phones.pressPhoneButton(user, { phone }).code;
    expect((await bind(carol, { code: press('carol', first) })).status).toBe(200);
    expect((await bind(carol, { code: press('carol', second) })).status).toBe(200);
    const { body } = await bind(dave, { code: press('dave', first) });
    expect(body.identities.filter(({ kind }: { kind: string }) => kind === 'phone')).toHaveLength(1);
    const [row] = await server.sql(
      `select count(*)::int as held from identities where kind = 'phone' and user_id = $1`,
      [(await server.get('/v1/users/me', { token: carol })).body.id],
    );
    expect(row).toEqual({ held: 1 });
  });

  it('of somebody else is refused, and nothing changes', async () => {
    const [erin, frank] = [await signIn('erin'), await signIn('frank')];
    const phone = number();
    const press = (user: string) => server.wechat.phones.pressPhoneButton(user, { phone }).code;
    await bind(erin, { code: press('erin') });
    const before = (await server.get('/v1/users/me', { token: frank })).body;
    const refused = await bind(frank, { code: press('frank') });
    expect([refused.status, refused.body.code]).toEqual([409, 'PHONE_ALREADY_LINKED']);
    expect((await server.get('/v1/users/me', { token: frank })).body).toEqual(before);
    expect((await bind(erin, { code: press('erin') })).status).toBe(200);
  });

  it('goes to one of two people who show it at once', async () => {
    const users = ['gina', 'hank'];
    const tokens = await Promise.all(users.map((user) => signIn(user)));
    const phone = number();
    const answers = await Promise.all(
      users.map((user, at) => bind(tokens[at]!, { code: server.wechat.phones.pressPhoneButton(user, { phone }).code })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  });

  it('is not taken with the code of somebody else’s button, nor twice with one code', async () => {
    const token = await signIn('ivan');
    expectProblem(
      await bind(token, { code: server.wechat.phones.pressPhoneButton('judy').code }),
      'PHONE_CODE_REJECTED',
    );
    const { code } = server.wechat.phones.pressPhoneButton('ivan', { phone: number() });
    expect((await bind(token, { code })).status).toBe(200);
    expectProblem(await bind(token, { code }), 'PHONE_CODE_REJECTED');
    const { code: old } = server.wechat.phones.pressPhoneButton('ivan');
    server.wechat.advance(301);
    expectProblem(await bind(token, { code: old }), 'PHONE_CODE_REJECTED');
  });

  it('is not taken from data of another app, nor from data without a number', async () => {
    const [, other] = SANDBOX_APPS;
    const token = await signIn('kate');
    await signIn('kate', { appId: other!.appId });
    const foreign = server.wechat.phones.encrypt('kate', { kind: 'phoneNumber', appId: other!.appId });
    expectProblem(await bind(token, { encryptedData: foreign.encryptedData, iv: foreign.iv }), 'USER_DATA_UNREADABLE');
    const steps = server.wechat.phones.encrypt('kate', { kind: 'weRunData' });
    expectProblem(await bind(token, { encryptedData: steps.encryptedData, iv: steps.iv }), 'USER_DATA_UNREADABLE');
  });

  it.each([
    ['nothing', {}],
    ['both ways at once', { code: 'abc', encryptedData: 'AAAA', iv: 'AAAA' }],
    ['data without its iv', { encryptedData: 'AAAA' }],
    ['an iv alone', { iv: 'AAAA' }],
    ['a null', { code: null }],
    ['a code that is none', { code: 'a&b' }],
    ['a number in plain', { code: 'abc', phone: '13800138000' }],
  ])('is not bound by a request with %s', async (_name, body) => {
    expectProblem(await bind(await signIn('liam'), body), 'VALIDATION_FAILED');
  });

  it('of a virtual account counts outside production', async () => {
    const token = await signIn('mona');
    const phone = { countryCode: '1', purePhoneNumber: '2066600001' };
    const { code } = server.wechat.phones.pressPhoneButton('mona', { phone });
    expect((await bind(token, { code })).body.phone).toBe('+1 206*****01');
  });

  it('stands nowhere in plain: not in the database, not in a log', async () => {
    const phone = { countryCode: '86', purePhoneNumber: '13912345678' };
    const token = await signIn('nina');
    await bind(token, { code: server.wechat.phones.pressPhoneButton('nina', { phone }).code });
    const tables = await server.sql<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    );
    let dump = '';
    for (const { name } of tables) {
      const [row] = await server.sql<{ text: string | null }>(
        `select string_agg(t::text, '') as text from "${name}" t`,
      );
      dump += row?.text ?? '';
    }
    expect(dump).toContain('wxsandbox');
    for (const spelling of ['13912345678', Buffer.from('13912345678').toString('hex')]) {
      expect(dump).not.toContain(spelling);
      expect(server.logs.join('\n')).not.toContain(spelling);
    }
  });
});
