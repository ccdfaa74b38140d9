import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { openidOf, unionidOf } from '../../src/sandbox/sandbox-users.js';
import { dumpOf, spellingsOf } from '../support/database-dump.js';
import { putPassword } from '../support/password-person.js';
import { expectProblem } from '../support/problems.js';
import { APP_ONE, aboutData, push } from '../support/pushes.js';
import { TestServer, type Answer } from '../support/test-server.js';
import { imageOf, uploadAvatar } from '../support/uploads.js';

const [APP, OTHER_APP] = SANDBOX_APPS as [(typeof SANDBOX_APPS)[number], (typeof SANDBOX_APPS)[number]];

const REVOKE = 'user_authorization_revoke';
const CANCELLATION = 'user_authorization_cancellation';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.close());

const codeOf = (user: string): string => server.wechat.wxLogin(user).code;
const erase = (token: string, proof: Record<string, unknown>): Promise<Answer> =>
  server.post('/v1/users/me/erase', proof, { token });
const me = (token: string): Promise<Answer> => server.get('/v1/users/me', { token });

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}
async function signIn(user: string, extra: Record<string, unknown> = {}): Promise<{ id: string; tokens: Tokens }> {
  const { body } = await server.signIn(user, extra);
  return { id: body.user.id as string, tokens: body.tokens as Tokens };
}

describe('a person who erases their account', () => {
  it('leaves nothing of themselves in the whole database', async () => {
    const user = 'leaver';
    const device = { id: 'canary-device-id', name: 'Canary Phone of Leaver', platform: 'canary-os' };
    const { id, tokens } = await signIn(user, { device });
    const token = tokens.accessToken;
    await signIn(user, { appId: OTHER_APP.appId, device });
    const phone = { countryCode: '86', purePhoneNumber: '13987654321' };
    const press = server.wechat.phones.pressPhoneButton(user, { phone });
    await server.request('PUT', '/v1/users/me/phone', { token, body: { code: press.code } });
    const password = 'canary password 42!';
    await putPassword(server, token, { username: 'canary.username', newPassword: password, code: codeOf(user) });
    await server.request('PUT', '/v1/users/me', { token, body: { nickname: 'Canary Nickname 小明' } });
    const image = imageOf('image/png', 3000);
    const { body: profile } = await uploadAvatar(server, token, image);
    const [{ hash } = { hash: '' }] = await server.sql<{ hash: string }>(
      'select password_hash as hash from users where id = $1',
      [id],
    );
    const [{ index } = { index: '' }] = await server.sql<{ index: string }>(
      `select subject as index from identities where user_id = $1 and kind = 'phone'`,
      [id],
    );

    const canaries: Record<string, string | Buffer> = {
      openid: openidOf(APP.appId, user),
      'other openid': openidOf(OTHER_APP.appId, user),
      unionid: unionidOf(APP.openPlatform!, user),
      session_key: server.wechat.sessionKey(user, APP.appId)!,
      phone: '13987654321',
      'index of the phone': index,
      nickname: 'Canary Nickname 小明',
      'bytes of the avatar': image.subarray(1000, 1100),
      'URL of the avatar': profile.avatarUrl as string,
      username: 'canary.username',
      password,
      'hash of the password': hash,
      'device id': device.id,
      'device name': device.name,
      'device platform': device.platform,
    };
    const found = (dump: string): string[] =>
      Object.entries(canaries)
        .filter(([, value]) => spellingsOf(value).some((spelling) => dump.includes(spelling)))
        .map(([name]) => name);

    // What is there in plain before shows that the search finds it.
    const before = found(await dumpOf(server));
    const sealed = ['session_key', 'phone', 'password'];
    expect(before.toSorted()).toEqual(
      Object.keys(canaries)
        .filter((name) => !sealed.includes(name))
        .toSorted(),
    );

    expect((await erase(token, { code: codeOf(user) })).status).toBe(204);
    const dump = await dumpOf(server);
    expect(dump).toContain(id);
    expect(found(dump)).toEqual([]);
    const [kept] = await server.sql('select status, nickname, phone_sealed, roles from users where id = $1', [id]);
    expect(kept).toEqual({ status: 'erased', nickname: null, phone_sealed: null, roles: [] });
    const logs = server.logs.join('\n');
    expect(found(logs)).toEqual([]);
    expectProblem(await server.get(new URL(profile.avatarUrl as string).pathname), 'NOT_FOUND');
  });

  it('is signed out everywhere at once, and a second call is refused', async () => {
    const phone = await signIn('everywhere', { device: { id: 'device-phone' } });
    const tablet = await signIn('everywhere', { device: { id: 'device-tablet' } });
    expect((await erase(phone.tokens.accessToken, { code: codeOf('everywhere') })).status).toBe(204);
    for (const { tokens } of [phone, tablet]) {
      expectProblem(await me(tokens.accessToken), 'SESSION_REVOKED');
      expectProblem(await server.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken }), 'SESSION_REVOKED');
    }
    expectProblem(await erase(phone.tokens.accessToken, { code: codeOf('everywhere') }), 'SESSION_REVOKED');
  });

  it('may come back as somebody new at once', async () => {
    const before = await signIn('returning');
    await erase(before.tokens.accessToken, { code: codeOf('returning') });
    const { body } = await server.signIn('returning');
    expect(body).toMatchObject({ status: 'signed_in', isNewUser: true, user: { nickname: null, phone: null } });
    expect(body.user.id).not.toBe(before.id);
    expect((await me(body.tokens.accessToken as string)).status).toBe(200);
  });

  it('is erased once by two calls at once', async () => {
    const { id, tokens } = await signIn('impatient');
    const answers = await Promise.all(
      [codeOf('impatient'), codeOf('impatient')].map((code) => erase(tokens.accessToken, { code })),
    );
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.every(({ status }) => status < 500)).toBe(true);
    const events = await server.sql(`select 1 from audit_events where user_id = $1 and event = 'user_erased'`, [id]);
    expect(events).toHaveLength(1);
  });

  it('may prove themselves by their password', async () => {
    const { tokens } = await signIn('by-password');
    const proof = { username: 'by.password', newPassword: 'right horse 7!', code: codeOf('by-password') };
    await putPassword(server, tokens.accessToken, proof);
    expectProblem(await erase(tokens.accessToken, { currentPassword: 'wrong horse 7!' }), 'PROOF_REQUIRED');
    expect((await erase(tokens.accessToken, { currentPassword: 'right horse 7!' })).status).toBe(204);
    expectProblem(
      await server.post('/v1/auth/password/login', { username: 'by.password', password: 'right horse 7!' }),
      'CREDENTIALS_INVALID',
    );
  });
});

describe('nobody is erased', () => {
  it('without a fresh proof of their own', async () => {
    const { tokens } = await signIn('staying');
    await signIn('somebody-else');
    const { accessToken: token } = tokens;
    expectProblem(await erase(token, {}), 'PROOF_REQUIRED');
    expectProblem(await erase(token, { code: codeOf('somebody-else') }), 'PROOF_REQUIRED');
    expectProblem(await erase(token, { code: 'no-such-code' }), 'PROOF_REQUIRED');
    const used = codeOf('staying');
    await server.post('/v1/auth/wechat/login', { code: used });
    expectProblem(await erase(token, { code: used }), 'PROOF_REQUIRED');
    expectProblem(await server.post('/v1/users/me/erase', { code: codeOf('staying') }), 'ACCESS_TOKEN_MISSING');
    expect((await me(token)).status).toBe(200);
  });

  it.each<[string, unknown]>([
    ['a code that is none', { code: 'a&b' }],
    ['a null', { code: null }],
    ['a number', { currentPassword: 7 }],
    ['an unknown field', { code: 'abc', userId: 'x' }],
    ['a list', []],
  ])('by %s', async (_what, proof) => {
    const { tokens } = await signIn('malformed');
    expectProblem(await erase(tokens.accessToken, proof as Record<string, unknown>), 'VALIDATION_FAILED');
    expect((await me(tokens.accessToken)).status).toBe(200);
  });
});

describe('an avatar goes', () => {
  const gone = async (url: string): Promise<void> =>
    expectProblem(await server.get(new URL(url).pathname), 'NOT_FOUND');

  it.each([
    ['with the permission to use it', REVOKE, { RevokeInfo: '20' }],
    ['with the person who leaves the app', CANCELLATION, {}],
  ])('%s', async (what, event, more) => {
    const { tokens } = await signIn(what);
    const { body } = await uploadAvatar(server, tokens.accessToken, imageOf('image/webp'));
    expect((await push(server, aboutData(event, what, APP_ONE, more))).status).toBe(200);
    await gone(body.avatarUrl as string);
  });

  it('but not with the permission to use something else', async () => {
    const { tokens } = await signIn('keeping');
    const { body } = await uploadAvatar(server, tokens.accessToken, imageOf('image/webp'));
    expect((await push(server, aboutData(REVOKE, 'keeping', APP_ONE, { RevokeInfo: '8' }))).status).toBe(200);
    expect((await server.get(new URL(body.avatarUrl as string).pathname)).status).toBe(200);
  });

  it('with the survivor of a merge, even if the absorbed had uploaded it', async () => {
    const absorbed = await signIn('absorbed');
    const { body } = await uploadAvatar(server, absorbed.tokens.accessToken, imageOf('image/gif'));
    const survivor = await signIn('survivor');
    await server.sql(`update users set status = 'erased', merged_into = $2 where id = $1`, [absorbed.id, survivor.id]);
    expect((await erase(survivor.tokens.accessToken, { code: codeOf('survivor') })).status).toBe(204);
    await gone(body.avatarUrl as string);
  });
});
