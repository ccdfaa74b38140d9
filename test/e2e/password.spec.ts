import { hash } from '@node-rs/argon2';
import { eventually } from '../support/eventually.js';
import { passwordLogin, personWithPassword, putPassword } from '../support/password-person.js';
import { expectProblem } from '../support/problems.js';
import { TestServer } from '../support/test-server.js';

const HASH = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ RATE_LIMIT: 'off' });
});
afterAll(() => server.close());

const whoAmI = (token: string) => server.get('/v1/auth/session', { token });
const storedHash = async (userId: string): Promise<string | null> => {
  const [row] = await server.sql<{ password_hash: string | null }>('select password_hash from users where id = $1', [
    userId,
  ]);
  return row!.password_hash;
};

describe('a sign-in by password', () => {
  it('opens a session of the same person, by password and without WeChat', async () => {
    const person = await personWithPassword(server, 'alice');
    const { status, body } = await passwordLogin(server, person.username, person.password, {
      device: { id: 'device-1', name: 'browser' },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'signed_in', isNewUser: false, user: { id: person.userId } });
    expect(body.user.identities.map(({ kind }: { kind: string }) => kind)).toContain('username');
    expect((await whoAmI(body.tokens.accessToken)).body).toMatchObject({ userId: person.userId });
    const rows = await server.sql(
      'select amr, identity_id, device_name from sessions where user_id = $1 and amr = $2',
      [person.userId, ['pwd']],
    );
    expect(rows).toEqual([{ amr: ['pwd'], identity_id: null, device_name: 'browser' }]);
    const refreshed = await server.post('/v1/auth/refresh', { refreshToken: body.tokens.refreshToken });
    expect(refreshed.status).toBe(200);
  });

  it('finds the username in capitals and in full width, and the password in another Unicode form', async () => {
    const person = await personWithPassword(server, 'bob');
    const code = server.wechat.wxLogin('bob').code;
    expect((await putPassword(server, person.token, { newPassword: 'caf\u00e9 au lait', code })).status).toBe(204);
    expect((await passwordLogin(server, 'BOB.Name', 'cafe\u0301 au lait')).status).toBe(200);
    expect((await passwordLogin(server, 'ｂｏｂ．ｎａｍｅ', 'caf\u00e9 au lait')).status).toBe(200);
    expectProblem(await passwordLogin(server, 'bob.name', 'cafe au lait'), 'CREDENTIALS_INVALID');
  });

  it('is of the app that it names, or of the first, or of none that there is', async () => {
    const { username, password } = await personWithPassword(server, 'carol');
    const first = await passwordLogin(server, username, password);
    expect((await whoAmI(first.body.tokens.accessToken)).body.appId).toBe('wxsandbox000000001');
    const second = await passwordLogin(server, username, password, { appId: 'wxsandbox000000002' });
    expect((await whoAmI(second.body.tokens.accessToken)).body.appId).toBe('wxsandbox000000002');
    expectProblem(await passwordLogin(server, username, password, { appId: 'wx0' }), 'WECHAT_APP_UNKNOWN');
  });

  it('tells somebody disabled so, but only with the right password', async () => {
    const { userId, username, password } = await personWithPassword(server, 'dan');
    await server.sql(`update users set status = 'disabled' where id = $1`, [userId]);
    expectProblem(await passwordLogin(server, username, `${password}?`), 'CREDENTIALS_INVALID');
    expectProblem(await passwordLogin(server, username, password), 'USER_DISABLED');
  });

  it('refuses a ticket that nobody issued, whatever the password', async () => {
    const { username, password } = await personWithPassword(server, 'erin');
    const ticket = 'no-such-ticket';
    expectProblem(await passwordLogin(server, username, password, { ticket }), 'TICKET_INVALID');
    expectProblem(await passwordLogin(server, username, 'wrong password', { ticket }), 'TICKET_INVALID');
    expect((await passwordLogin(server, username, password)).status).toBe(200);
  });

  it('moves a hash of another cost on to today’s, and leaves one of today’s alone', async () => {
    const { userId, username, password } = await personWithPassword(server, 'frank');
    const fresh = await storedHash(userId);
    expect(fresh).toMatch(HASH);
    expect((await passwordLogin(server, username, password)).status).toBe(200);
    expect(await storedHash(userId)).toBe(fresh);

    const cheap = await hash(password, { memoryCost: 1024, timeCost: 1, parallelism: 1 });
    await server.sql('update users set password_hash = $2 where id = $1', [userId, cheap]);
    expectProblem(await passwordLogin(server, username, 'wrong password'), 'CREDENTIALS_INVALID');
    expect(await storedHash(userId)).toBe(cheap);
    expect((await passwordLogin(server, username, password)).status).toBe(200);
    expect(await storedHash(userId)).toMatch(HASH);
    expect((await passwordLogin(server, username, password)).status).toBe(200);
  });

  it('is written to the audit log, a refused one with the reason', async () => {
    const { userId, username, password } = await personWithPassword(server, 'grace');
    await passwordLogin(server, username, 'wrong password');
    await passwordLogin(server, username, password);
    const events = async (): Promise<string[]> => {
      const rows = await server.sql<{ event: string; reason: string | null }>(
        'select event, reason from audit_events where user_id = $1 order by id',
        [userId],
      );
      return rows.map(({ event, reason }) => `${event} ${reason ?? ''}`.trim());
    };
    await eventually('the refusal is written', async () =>
      (await events()).includes('sign_in_failed CREDENTIALS_INVALID'),
    );
    expect(await events()).toEqual(expect.arrayContaining(['identity_linked username', 'password_changed', 'sign_in']));
  });
});

describe('setting a password', () => {
  const weak = { newPassword: 'password123', username: 'weak.name' };
  const good = { newPassword: 'a good long password' };

  it('needs a fresh proof, the first time too', async () => {
    const { body } = await server.signIn('heidi');
    const token = body.tokens.accessToken as string;
    expectProblem(await putPassword(server, token, good), 'PROOF_REQUIRED');
    expectProblem(await putPassword(server, token, { ...good, currentPassword: 'anything' }), 'PROOF_REQUIRED');
    expectProblem(await putPassword(server, token, { ...good, code: 'made-up' }), 'PROOF_REQUIRED');
    const strangers = server.wechat.wxLogin('ivan').code;
    expectProblem(await putPassword(server, token, { ...good, code: strangers }), 'PROOF_REQUIRED');
    const own = server.wechat.wxLogin('heidi').code;
    expect((await putPassword(server, token, { ...good, code: own })).status).toBe(204);
    expectProblem(await putPassword(server, token, { ...good, code: own }), 'PROOF_REQUIRED');
  });

  it('changes it with the current one, and ends the other sessions only', async () => {
    const { username, password, token } = await personWithPassword(server, 'judy');
    const other = await passwordLogin(server, username, password);
    expectProblem(await putPassword(server, token, { ...good, currentPassword: 'wrong one' }), 'PROOF_REQUIRED');
    expect((await whoAmI(other.body.tokens.accessToken)).status).toBe(200);

    expect((await putPassword(server, token, { ...good, currentPassword: password })).status).toBe(204);
    expect((await whoAmI(other.body.tokens.accessToken)).body).toMatchObject({
      code: 'SESSION_REVOKED',
      remedy: 'ask-user',
    });
    expect((await whoAmI(token)).status).toBe(200);
    expectProblem(await passwordLogin(server, username, password), 'CREDENTIALS_INVALID');
    expect((await passwordLogin(server, username, good.newPassword)).status).toBe(200);
  });

  it('takes the code of an openid that nobody holds when its unionid is the caller’s', async () => {
    const { body } = await server.signIn('ken', { appId: 'wxsandbox000000002' });
    await server.sql(`delete from identities where user_id = $1 and kind = 'wechat_openid'`, [body.user.id]);
    const { code } = server.wechat.wxLogin('ken', 'wxsandbox000000002');
    const answer = await putPassword(server, body.tokens.accessToken as string, { ...good, code });
    expect(answer.status).toBe(204);
  });

  it('gives a username once, and nobody else’s', async () => {
    const mine = await personWithPassword(server, 'mallory');
    const { body } = await server.signIn('niaj');
    const token = body.tokens.accessToken as string;
    const code = () => server.wechat.wxLogin('niaj').code;
    const taken = { ...good, username: mine.username.toUpperCase() };
    expectProblem(await putPassword(server, token, { ...taken, code: code() }), 'IDENTITY_ALREADY_LINKED');
    // Nothing of it was done: there is no password either.
    expect(await storedHash(body.user.id as string)).toBeNull();

    const own = { ...good, username: 'Niaj' };
    expect((await putPassword(server, token, { ...own, code: code() })).status).toBe(204);
    expect((await putPassword(server, token, { ...own, code: code() })).status).toBe(204);
    expectProblem(await putPassword(server, token, { ...good, username: 'other', code: code() }), 'VALIDATION_FAILED');
    expect((await passwordLogin(server, 'niaj', good.newPassword)).status).toBe(200);
  });

  it.each<[string, Record<string, unknown>]>([
    ['a common password', weak],
    ['a password of 7', { newPassword: 'seven 7' }],
    ['a password of 129', { newPassword: 'x y'.repeat(43) }],
    ['a password with NUL', { newPassword: 'nul\0nul\0nul' }],
    ['half a surrogate pair', { newPassword: 'half \ud83d half' }],
    ['a number', { newPassword: 123_456_789_012 }],
    ['the username', { newPassword: 'same.as.name', username: 'Same.As.Name' }],
    ['no password', {}],
    ['a username of two', { ...good, username: 'ab' }],
    ['a username with a space', { ...good, username: 'two words' }],
    ['a username that begins with a dot', { ...good, username: '.dotted' }],
    ['a username with a zero-width space', { ...good, username: 'zero\u200bwidth' }],
    ['a username that grows beyond 64', { ...good, username: '\ufdfa'.repeat(10) }],
    ['an empty proof', { ...good, currentPassword: '' }],
    ['a code that is none', { ...good, code: 'a b' }],
    ['null for a username', { ...good, username: null }],
    ['an unknown field', { ...good, passwordHash: 'x' }],
  ])('refuses %s', async (_what, body) => {
    const signedIn = await server.signIn('olivia');
    const code = server.wechat.wxLogin('olivia').code;
    expectProblem(
      await putPassword(server, signedIn.body.tokens.accessToken as string, { code, ...body }),
      'VALIDATION_FAILED',
    );
    expect(await storedHash(signedIn.body.user.id as string)).toBeNull();
  });
});

describe('credentials that cannot be right', () => {
  it.each<[string, Record<string, unknown>]>([
    ['no password', { username: 'alice' }],
    ['no username', { password: 'x' }],
    ['an empty password', { username: 'alice', password: '' }],
    ['a password of 129', { username: 'alice', password: 'x'.repeat(129) }],
    ['a username with NUL', { username: 'alice\0', password: 'x' }],
    ['a username that is a list', { username: ['alice'], password: 'x' }],
    ['a username that turns the reading direction', { username: 'alice\u202e', password: 'x' }],
    ['a password that is an object', { username: 'alice', password: { $ne: null } }],
    ['an unknown field', { username: 'alice', password: 'x', role: 'admin' }],
    ['a ticket with a space', { username: 'alice', password: 'x', ticket: 'a b' }],
  ])('are VALIDATION_FAILED: %s', async (_what, body) => {
    expectProblem(await server.post('/v1/auth/password/login', body), 'VALIDATION_FAILED');
  });

  it.each([
    `' or 1=1 --`,
    '%',
    '__proto__',
    'null',
    '𠮷野家',
    'ﷺ'.repeat(40),
    '<script>alert(1)</script>',
    '${7*7}',
    '😀',
  ])('are nobody’s: %s', async (name) => {
    expectProblem(await passwordLogin(server, name, name), 'CREDENTIALS_INVALID');
  });
});
