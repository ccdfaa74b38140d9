import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { expectProblem } from '../support/problems.js';
import { TestServer, type Answer } from '../support/test-server.js';

const REGISTER = '/v1/auth/wechat/register';
const [APP, OTHER_APP] = SANDBOX_APPS.map(({ appId }) => appId) as [string, string];

let numbers = 0;
const number = () => ({ countryCode: '86', purePhoneNumber: `139${String((numbers += 1)).padStart(8, '0')}` });

function press(server: TestServer, user: string, phone = number(), appId = APP): string {
  return server.wechat.phones.pressPhoneButton(user, { phone, appId }).code;
}

async function usersOf(server: TestServer): Promise<number> {
  const [row] = await server.sql<{ users: number }>('select count(*)::int as users from users');
  return row!.users;
}

describe('registration by phone', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ REGISTRATION: 'on_phone' });
  });
  afterAll(() => server.close());

  const ticketOf = async (user: string, extra: Record<string, unknown> = {}): Promise<string> =>
    (await server.signIn(user, extra)).body.ticket as string;

  it('begins with a ticket that says nothing', async () => {
    const { openids } = server.wechat.createUser({ id: 'alice' });
    const { status, body } = await server.signIn('alice');
    expect([status, body]).toEqual([
      200,
      { status: 'unregistered', ticket: expect.stringMatching(/^[\w-]{43}$/), ticketExpiresIn: 300 },
    ]);
    const readable = Buffer.from(body.ticket, 'base64url').toString('latin1') + body.ticket;
    for (const openid of Object.values(openids)) expect(readable).not.toContain(openid);
    expect(await usersOf(server)).toBe(0);
  });

  it('makes a user once, and the next sign-in is silent', async () => {
    const ticket = await ticketOf('bob');
    const phone = number();
    const answer = await server.post(REGISTER, {
      ticket,
      phoneCode: press(server, 'bob', phone),
      device: { name: 'Bob' },
    });
    expect([answer.status, answer.body.status, answer.body.isNewUser]).toEqual([200, 'signed_in', true]);
    expect(answer.body.user.identities.map(({ kind }: { kind: string }) => kind).toSorted()).toEqual([
      'phone',
      'wechat_openid',
      'wechat_unionid',
    ]);
    const silent = await server.signIn('bob');
    expect(silent.body).toMatchObject({ status: 'signed_in', isNewUser: false, user: { id: answer.body.user.id } });
    const elsewhere = await server.signIn('bob', { appId: OTHER_APP });
    expect(elsewhere.body).toMatchObject({ status: 'signed_in', user: { id: answer.body.user.id } });
  });

  it('works with the encrypted data of an old base library', async () => {
    const ticket = await ticketOf('carol');
    const { encryptedData, iv } = server.wechat.phones.pressPhoneButton('carol', { phone: number() });
    expect((await server.post(REGISTER, { ticket, encryptedData, iv })).body.status).toBe('signed_in');
  });

  it('spends the ticket with success, and only with it', async () => {
    const ticket = await ticketOf('dave');
    expectProblem(await server.post(REGISTER, { ticket, phoneCode: 'no-such-code' }), 'PHONE_CODE_REJECTED');
    expect((await server.post(REGISTER, { ticket, phoneCode: press(server, 'dave') })).status).toBe(200);
    expectProblem(await server.post(REGISTER, { ticket, phoneCode: press(server, 'dave') }), 'TICKET_INVALID');
  });

  it('ends with the fifth failure', async () => {
    const ticket = await ticketOf('erin');
    for (let time = 0; time < 5; time += 1) {
      expectProblem(await server.post(REGISTER, { ticket, phoneCode: `wrong-${time}` }), 'PHONE_CODE_REJECTED');
    }
    expectProblem(await server.post(REGISTER, { ticket, phoneCode: press(server, 'erin') }), 'TICKET_INVALID');
  });

  it('does not count what WeChat cannot do now as a failure', async () => {
    const ticket = await ticketOf('frank');
    for (let time = 0; time < 6; time += 1) {
      server.wechat.fail({ api: 'getuserphonenumber', kind: 'errcode', errcode: 45011 });
      expectProblem(await server.post(REGISTER, { ticket, phoneCode: press(server, 'frank') }), 'WECHAT_RATE_LIMITED');
    }
    expect((await server.post(REGISTER, { ticket, phoneCode: press(server, 'frank') })).status).toBe(200);
  });

  it('ends after five minutes', async () => {
    const ticket = await ticketOf('gina');
    await server.sql(`update registration_tickets set expires_at = now() - interval '1 second'`);
    expectProblem(await server.post(REGISTER, { ticket, phoneCode: press(server, 'gina') }), 'TICKET_INVALID');
  });

  it('takes no phone code of somebody else', async () => {
    const ticket = await ticketOf('hank');
    expectProblem(await server.post(REGISTER, { ticket, phoneCode: press(server, 'mallory') }), 'PHONE_CODE_REJECTED');
  });

  it('finds the account that holds the number, and links the new openid to it', async () => {
    const phone = number();
    server.wechat.createUser({ id: 'ivan-old', unionid: false });
    server.wechat.createUser({ id: 'ivan-new', unionid: false });
    const first = await server.post(REGISTER, {
      ticket: await ticketOf('ivan-old'),
      phoneCode: press(server, 'ivan-old', phone),
    });
    const second = await server.post(REGISTER, {
      ticket: await ticketOf('ivan-new'),
      phoneCode: press(server, 'ivan-new', phone),
    });
    expect(second.body).toMatchObject({ status: 'signed_in', isNewUser: false, user: { id: first.body.user.id } });
    expect((await server.signIn('ivan-new')).body.user.id).toBe(first.body.user.id);
  });

  it('does not hand over the account that proved a number long ago and has another way in', async () => {
    const phone = number();
    const owner = await server.post(REGISTER, {
      ticket: await ticketOf('judy'),
      phoneCode: press(server, 'judy', phone),
    });
    await server.sql(`update users set phone_proved_at = now() - interval '91 days' where id = $1`, [
      owner.body.user.id,
    ]);
    const refused = await server.post(REGISTER, {
      ticket: await ticketOf('judys-heir'),
      phoneCode: press(server, 'judys-heir', phone),
    });
    expect([refused.status, refused.body.code]).toEqual([409, 'PHONE_ALREADY_LINKED']);

    // They say that it is not theirs: a new account gets the number, and the old one keeps everything else.
    const heir = await server.post(REGISTER, {
      ticket: await ticketOf('judys-heir'),
      phoneCode: press(server, 'judys-heir', phone),
      claimPhone: true,
    });
    expect(heir.body).toMatchObject({ status: 'signed_in', isNewUser: true });
    expect(heir.body.user.phone).toBe(owner.body.user.phone);
    expect((await server.signIn('judy')).body.user).toMatchObject({ id: owner.body.user.id, phone: null });
    const told = await server.sql(
      `select reason, subject::text from audit_events where event = 'phone_changed' and user_id = $1 order by id desc limit 1`,
      [owner.body.user.id],
    );
    expect(told).toEqual([{ reason: 'claimed', subject: heir.body.user.id }]);
  });

  it('takes no number from an account that has no other way in: it is found', async () => {
    const phone = number();
    const owner = await server.post(REGISTER, {
      ticket: await ticketOf('olga'),
      phoneCode: press(server, 'olga', phone),
    });
    await server.sql(`update users set phone_proved_at = now() - interval '91 days' where id = $1`, [
      owner.body.user.id,
    ]);

    await server.sql(`delete from identities where user_id = $1 and kind <> 'phone'`, [owner.body.user.id]);
    const found = await server.post(REGISTER, {
      ticket: await ticketOf('olgas-second'),
      phoneCode: press(server, 'olgas-second', phone),
      claimPhone: true,
    });
    expect(found.body.user.id).toBe(owner.body.user.id);
  });

  it('refuses a disabled account, and keeps the ticket', async () => {
    const phone = number();
    const owner = await server.post(REGISTER, {
      ticket: await ticketOf('kate'),
      phoneCode: press(server, 'kate', phone),
    });
    await server.sql(`update users set status = 'disabled' where id = $1`, [owner.body.user.id]);
    const ticket = await ticketOf('kates-friend');
    expectProblem(
      await server.post(REGISTER, { ticket, phoneCode: press(server, 'kates-friend', phone) }),
      'USER_DISABLED',
    );
    expect((await server.post(REGISTER, { ticket, phoneCode: press(server, 'kates-friend') })).status).toBe(200);
  });

  it('makes one user of one phone number that two people show at once', async () => {
    const users = ['liam', 'mona', 'nina', 'omar'];
    users.forEach((id) => server.wechat.createUser({ id, unionid: false }));
    const phone = number();
    const before = await usersOf(server);
    const tickets = await Promise.all(users.map((user) => ticketOf(user)));
    const answers = await Promise.all(
      users.map((user, at) => server.post(REGISTER, { ticket: tickets[at], phoneCode: press(server, user, phone) })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.user.id as string)).size).toBe(1);
    expect(await usersOf(server)).toBe(before + 1);
  });

  it('spends one ticket once, however often it is shown at the same time', async () => {
    const ticket = await ticketOf('pete');
    const before = await usersOf(server);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => server.post(REGISTER, { ticket, phoneCode: press(server, 'pete') })),
    );
    const codes = answers.map(({ status, body }: Answer) => (status === 200 ? 'ok' : (body.code as string)));
    expect(codes.filter((code) => code === 'ok')).toHaveLength(1);
    expect(codes.filter((code) => code !== 'ok' && code !== 'TICKET_INVALID')).toEqual([]);
    expect(await usersOf(server)).toBe(before + 1);
  });

  it('is not needed by whom another mini-program of the same owner knows already', async () => {
    const { body } = await server.post(REGISTER, {
      ticket: await ticketOf('quinn'),
      phoneCode: press(server, 'quinn'),
    });
    expect((await server.signIn('quinn', { appId: OTHER_APP })).body.user.id).toBe(body.user.id);
  });

  it.each([
    ['nothing', {}],
    ['no proof', { ticket: 'x' }],
    ['two proofs', { ticket: 'x', phoneCode: 'a', encryptedData: 'AAAA', iv: 'AAAA' }],
    ['an openid', { ticket: 'x', phoneCode: 'a', openid: 'o' }],
    ['a ticket that is an object', { ticket: {}, phoneCode: 'a' }],
  ])('refuses a request with %s', async (_name, body) => {
    expectProblem(await server.post(REGISTER, body), 'VALIDATION_FAILED');
  });

  it('refuses a ticket that nobody made', async () => {
    expectProblem(await server.post(REGISTER, { ticket: 'A'.repeat(43), phoneCode: 'abc' }), 'TICKET_INVALID');
  });
});

describe('a sign-in that asks for no account', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server.close());

  it('is silent or answers a ticket, and the ticket makes the account', async () => {
    const { body } = await server.signIn('alice', { createUser: false });
    expect(body.status).toBe('unregistered');
    expect(await usersOf(server)).toBe(0);
    const registered = await server.post(REGISTER, { ticket: body.ticket, phoneCode: press(server, 'alice') });
    expect(registered.body.isNewUser).toBe(true);
    expect((await server.signIn('alice', { createUser: false })).body.status).toBe('signed_in');
  });
});

describe('registration that is closed', () => {
  let server: TestServer;
  beforeAll(async () => {
    const apps = SANDBOX_APPS.map((app) => ({ ...app, ...(app.appId === APP ? { registration: 'never' } : {}) }));
    server = await TestServer.start({ WECHAT_APPS: JSON.stringify(apps) });
  });
  afterAll(() => server.close());

  it('lets nobody new in there, and links the phone of somebody who has an account', async () => {
    server.wechat.createUser({ id: 'alice', unionid: false });
    const stranger = await server.signIn('alice');
    expect(stranger.body.status).toBe('unregistered');
    const phone = number();
    expectProblem(
      await server.post(REGISTER, { ticket: stranger.body.ticket, phoneCode: press(server, 'alice', phone) }),
      'FORBIDDEN',
    );

    server.wechat.createUser({ id: 'bob', unionid: false });
    const bob = (await server.signIn('bob', { appId: OTHER_APP })).body;
    const { code } = server.wechat.phones.pressPhoneButton('bob', { phone, appId: OTHER_APP });
    await server.request('PUT', '/v1/users/me/phone', { token: bob.tokens.accessToken, body: { code } });
    const linked = await server.post(REGISTER, {
      ticket: (await server.signIn('alice')).body.ticket,
      phoneCode: press(server, 'alice', phone),
    });
    expect(linked.body).toMatchObject({ status: 'signed_in', isNewUser: false, user: { id: bob.user.id } });
  });
});

describe('a policy that people agree to', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ POLICY_VERSION: '2026-11' });
  });
  afterAll(() => server.close());

  it('is asked of whoever registers, and recorded with time and app', async () => {
    expectProblem(await server.signIn('alice'), 'VALIDATION_FAILED');
    expectProblem(await server.signIn('alice', { consent: { policyVersion: '2025-01' } }), 'VALIDATION_FAILED');
    expect(await usersOf(server)).toBe(0);
    const { body } = await server.signIn('alice', { consent: { policyVersion: '2026-11' } });
    expect(await server.sql('select user_id, policy_version, app_id from consents')).toEqual([
      { user_id: body.user.id, policy_version: '2026-11', app_id: APP },
    ]);
    expect((await server.signIn('alice')).body.status).toBe('signed_in');
  });

  it('is asked of whoever registers by phone, and the ticket is kept', async () => {
    const { ticket } = (await server.signIn('bob', { createUser: false })).body;
    expectProblem(await server.post(REGISTER, { ticket, phoneCode: press(server, 'bob') }), 'VALIDATION_FAILED');
    const consent = { policyVersion: '2026-11' };
    expect((await server.post(REGISTER, { ticket, phoneCode: press(server, 'bob'), consent })).status).toBe(200);
  });
});

describe('the risk rank of WeChat', () => {
  it.each(['admit', 'refuse'])('decides who registers; while it is unknown: %s', async (unknown) => {
    const server = await TestServer.start({ RISK_RANK_MAX: '2', RISK_UNKNOWN: unknown });
    try {
      server.wechat.createUser({ id: 'mild', riskRank: 2 });
      server.wechat.createUser({ id: 'wild', riskRank: 3 });
      expect((await server.signIn('mild')).body.isNewUser).toBe(true);
      expectProblem(await server.signIn('wild'), 'WECHAT_USER_BLOCKED');
      expect(await usersOf(server)).toBe(1);

      server.wechat.fail({ api: 'getuserriskrank', kind: 'errcode', errcode: -1 });
      const answer = await server.signIn('somebody');
      if (unknown === 'admit') expect(answer.body.isNewUser).toBe(true);
      else expectProblem(answer, 'WECHAT_UNAVAILABLE');
      expect((await server.signIn('mild')).body.isNewUser).toBe(false);
    } finally {
      await server.close();
    }
  });
});

describe('linking WeChat to an account', () => {
  let server: TestServer;
  const LINK = '/v1/auth/wechat/link';
  beforeAll(async () => {
    server = await TestServer.start();
    ['alice', 'alices-second', 'bob'].forEach((id) => server.wechat.createUser({ id, unionid: false }));
  });
  afterAll(() => server.close());

  const link = (token: string, user: string, appId?: string) =>
    server.post(LINK, { code: server.wechat.wxLogin(user, appId).code, ...(appId ? { appId } : {}) }, { token });

  it('makes the linked identity a way in, and the session speak for it', async () => {
    const alice = (await server.signIn('alice')).body;
    const token = alice.tokens.accessToken as string;
    expect((await link(token, 'alices-second', OTHER_APP)).status).toBe(204);
    expect((await link(token, 'alices-second', OTHER_APP)).status).toBe(204);
    expect((await server.signIn('alices-second', { appId: OTHER_APP })).body.user.id).toBe(alice.user.id);
    const data = server.wechat.phones.encrypt('alices-second', { kind: 'shareInfo', appId: OTHER_APP });
    const { encryptedData, iv } = data;
    expect((await server.post('/v1/wechat/decrypt', { encryptedData, iv }, { token })).status).toBe(200);
  });

  it('refuses an identity of somebody else, and changes nothing', async () => {
    const bob = (await server.signIn('bob')).body;
    const refused = await link(bob.tokens.accessToken as string, 'alice');
    expect([refused.status, refused.body.code]).toEqual([409, 'IDENTITY_ALREADY_LINKED']);
    expect((await server.signIn('bob')).body.user).toEqual(bob.user);
  });

  it('needs an access token and a code that works', async () => {
    expectProblem(await server.post(LINK, { code: 'abc' }), 'ACCESS_TOKEN_MISSING');
    const token = (await server.signIn('bob')).body.tokens.accessToken as string;
    expectProblem(await server.post(LINK, { code: 'abc' }, { token }), 'WECHAT_CODE_REJECTED');
    expectProblem(await server.post(LINK, {}, { token }), 'VALIDATION_FAILED');
  });
});

describe('an ordinary sign-in with a ticket', () => {
  let server: TestServer;
  const PASSWORD_LOGIN = '/v1/auth/password/login';
  const credentials = { username: 'alice', password: 'correct horse battery' };

  beforeAll(async () => {
    server = await TestServer.start();
    ['alice', 'alices-wechat', 'bob'].forEach((id) => server.wechat.createUser({ id, unionid: false }));
    const token = (await server.signIn('alice')).body.tokens.accessToken as string;
    const { code } = server.wechat.wxLogin('alice');
    const { username, password: newPassword } = credentials;
    const set = await server.request('PUT', '/v1/users/me/password', { token, body: { username, newPassword, code } });
    expect(set.status).toBeLessThan(300);
  });
  afterAll(() => server.close());

  const ticketOf = async (user: string) => (await server.signIn(user, { createUser: false })).body.ticket as string;

  it('links the WeChat identity, and the next sign-in is silent', async () => {
    const ticket = await ticketOf('alices-wechat');
    const { body } = await server.post(PASSWORD_LOGIN, { ...credentials, ticket });
    expect(body.status).toBe('signed_in');
    expect((await server.signIn('alices-wechat')).body).toMatchObject({ isNewUser: false, user: { id: body.user.id } });
    expectProblem(await server.post(PASSWORD_LOGIN, { ...credentials, ticket }), 'TICKET_INVALID');
  });

  it('counts a wrong password against the ticket', async () => {
    const ticket = await ticketOf('bob');
    for (let time = 0; time < 5; time += 1) {
      const username = `nobody-${time}`;
      expectProblem(await server.post(PASSWORD_LOGIN, { ...credentials, username, ticket }), 'CREDENTIALS_INVALID');
    }
    expectProblem(await server.post(PASSWORD_LOGIN, { ...credentials, ticket }), 'TICKET_INVALID');
  });
});
