import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { openidOf } from '../../src/sandbox/sandbox-users.js';
import { passwordLogin, personWithPassword } from '../support/password-person.js';
import { expectProblem } from '../support/problems.js';
import { TestServer, type Answer } from '../support/test-server.js';

const [APP, OTHER_APP] = SANDBOX_APPS as [(typeof SANDBOX_APPS)[number], (typeof SANDBOX_APPS)[number]];

let server: TestServer;
let numbers = 0;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.close());

interface Identity {
  readonly id: string;
  readonly kind: string;
  readonly appId?: string;
}

const codeOf = (user: string): string => server.wechat.wxLogin(user).code;
const tokenOf = async (user: string, extra: Record<string, unknown> = {}): Promise<string> =>
  (await server.signIn(user, extra)).body.tokens.accessToken as string;
const me = (token: string): Promise<Answer> => server.get('/v1/users/me', { token });
const identities = async (token: string): Promise<Identity[]> => (await me(token)).body.identities as Identity[];
const kinds = async (token: string): Promise<string[]> =>
  (await identities(token)).map(({ kind, appId }) => (appId === undefined ? kind : `${kind} ${appId}`)).toSorted();

async function idOf(token: string, kind: string, appId?: string): Promise<string> {
  return (await identities(token)).find((one) => one.kind === kind && one.appId === appId)!.id;
}

const unlink = (token: string, id: string, headers: Record<string, string>): Promise<Answer> =>
  server.request('DELETE', `/v1/users/me/identities/${id}`, { token, headers });
const byCode = (user: string): Record<string, string> => ({ 'x-proof-code': codeOf(user) });

/** Binds a fresh number, which is a second way in. */
async function bindPhone(user: string, token: string): Promise<void> {
  const phone = { countryCode: '86', purePhoneNumber: `137${String((numbers += 1)).padStart(8, '0')}` };
  const { code } = server.wechat.phones.pressPhoneButton(user, { phone });
  expect((await server.request('PUT', '/v1/users/me/phone', { token, body: { code } })).status).toBe(200);
}

describe('unlinking', () => {
  it('a phone number forgets the number, and frees it', async () => {
    const token = await tokenOf('alice');
    await bindPhone('alice', token);
    expect((await unlink(token, await idOf(token, 'phone'), byCode('alice'))).status).toBe(204);
    const { body } = await me(token);
    expect([body.phone, await kinds(token)]).toEqual([null, [`wechat_openid ${APP.appId}`, 'wechat_unionid']]);
    const [row] = await server.sql('select phone_sealed, phone_proved_at from users where id = $1', [body.id]);
    expect(row).toEqual({ phone_sealed: null, phone_proved_at: null });
  });

  it('an openid ends the sessions it opened and no others, and deletes its session_key', async () => {
    const [here, there] = [await tokenOf('bob'), await tokenOf('bob', { appId: OTHER_APP.appId })];
    const keys = () =>
      server.sql('select app_id from wechat_sessions where openid = any($1)', [
        SANDBOX_APPS.map(({ appId }) => openidOf(appId, 'bob')),
      ]);
    expect(await keys()).toHaveLength(2);
    const id = await idOf(here, 'wechat_openid', OTHER_APP.appId);
    expect((await unlink(here, id, byCode('bob'))).status).toBe(204);
    expectProblem(await me(there), 'SESSION_REVOKED');
    expect(await kinds(here)).toEqual([`wechat_openid ${APP.appId}`, 'wechat_unionid']);
    expect(await keys()).toEqual([{ app_id: APP.appId }]);
  });

  it('the last openid of an Open Platform account takes the unionid along, and the caller’s own session', async () => {
    const token = await tokenOf('carol');
    await bindPhone('carol', token);
    const { id: userId } = (await me(token)).body as { id: string };
    const id = await idOf(token, 'wechat_openid', APP.appId);
    expect((await unlink(token, id, byCode('carol'))).status).toBe(204);
    expectProblem(await me(token), 'SESSION_REVOKED');
    const left = await server.sql('select kind from identities where user_id = $1', [userId]);
    expect(left).toEqual([{ kind: 'phone' }]);
    const again = await server.signIn('carol');
    expect([again.body.isNewUser, again.body.user.id === userId]).toEqual([true, false]);
  });

  it('a username takes the password along', async () => {
    const { token, username, password } = await personWithPassword(server, 'dave');
    const headers = { 'x-proof-password': encodeURIComponent(password) };
    expect((await unlink(token, await idOf(token, 'username'), headers)).status).toBe(204);
    expectProblem(await passwordLogin(server, username, password), 'CREDENTIALS_INVALID');
    const { body } = await me(token);
    const [row] = await server.sql('select password_hash from users where id = $1', [body.id]);
    expect(row).toEqual({ password_hash: null });
  });

  it('leaves in the audit log what was unlinked and which sessions ended, and nothing personal', async () => {
    const token = await tokenOf('erin');
    await bindPhone('erin', token);
    const { id: userId } = (await me(token)).body as { id: string };
    const id = await idOf(token, 'wechat_openid', APP.appId);
    await unlink(token, id, byCode('erin'));
    const events = await server.sql(
      `select event, actor_kind, reason, subject, fields from audit_events
       where user_id = $1 and event in ('identity_unlinked', 'sessions_revoked') order by event`,
      [userId],
    );
    expect(events).toEqual([
      {
        event: 'identity_unlinked',
        actor_kind: 'user',
        reason: 'wechat_openid',
        subject: id,
        fields: ['openid', 'session_key', 'device'],
      },
      { event: 'sessions_revoked', actor_kind: 'user', reason: 'signed_out', subject: null, fields: [] },
    ]);
  });
});

describe('the last way into an account', () => {
  it('stays, and nothing changes', async () => {
    const token = await tokenOf('frank');
    const before = await kinds(token);
    const refused = await unlink(token, await idOf(token, 'wechat_openid', APP.appId), byCode('frank'));
    expectProblem(refused, 'FORBIDDEN');
    expect(refused.body.detail).toContain('last way');
    expect(await kinds(token)).toEqual(before);
  });

  it('is no username whose password is gone', async () => {
    const { token, userId } = await personWithPassword(server, 'gina');
    await server.sql('update users set password_hash = null where id = $1', [userId]);
    expectProblem(await unlink(token, await idOf(token, 'wechat_openid', APP.appId), byCode('gina')), 'FORBIDDEN');
  });

  it('is left by two calls at once for the last two', async () => {
    for (let round = 0; round < 5; round += 1) {
      const user = `henry-${round}`;
      const token = await tokenOf(user);
      await bindPhone(user, token);
      const { id: userId } = (await me(token)).body as { id: string };
      const ids = [await idOf(token, 'phone'), await idOf(token, 'wechat_openid', APP.appId)];
      const answers = await Promise.all(ids.map((id) => unlink(token, id, byCode(user))));
      const left = await server.sql(`select kind from identities where user_id = $1 and kind <> 'wechat_unionid'`, [
        userId,
      ]);
      expect(left).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    }
  });
});

describe('an identity is not unlinked', () => {
  it('without a fresh proof', async () => {
    const token = await tokenOf('ivan');
    await bindPhone('ivan', token);
    await tokenOf('judy');
    const id = await idOf(token, 'phone');
    expectProblem(await unlink(token, id, {}), 'PROOF_REQUIRED');
    expectProblem(await unlink(token, id, byCode('judy')), 'PROOF_REQUIRED');
    expectProblem(await unlink(token, id, { 'x-proof-password': 'no%20such%20password' }), 'PROOF_REQUIRED');
    expectProblem(
      await server.request('DELETE', `/v1/users/me/identities/${id}`, { headers: byCode('ivan') }),
      'ACCESS_TOKEN_MISSING',
    );
    expect(await kinds(token)).toContain('phone');
  });

  it.each<[string, Record<string, string>]>([
    ['a code that is none', { 'x-proof-code': 'a&b' }],
    ['an empty code', { 'x-proof-code': '' }],
    ['a password that is not percent-encoded', { 'x-proof-password': '%E0%A4%A' }],
    ['a password with a control character', { 'x-proof-password': '%00' }],
    ['a password of 129 characters', { 'x-proof-password': 'x'.repeat(129) }],
  ])('with %s for a proof', async (_what, headers) => {
    const token = await tokenOf('kate');
    expectProblem(await unlink(token, '018f0000-0000-7000-8000-000000000000', headers), 'VALIDATION_FAILED');
  });

  it('that is somebody else’s, that is none, or whose id is none', async () => {
    const [token, other] = [await tokenOf('liam'), await tokenOf('mona')];
    await bindPhone('mona', other);
    expectProblem(await unlink(token, await idOf(other, 'phone'), byCode('liam')), 'NOT_FOUND');
    expectProblem(await unlink(token, '018f0000-0000-7000-8000-000000000000', byCode('liam')), 'NOT_FOUND');
    expectProblem(await unlink(token, 'no-id', byCode('liam')), 'VALIDATION_FAILED');
    expect(await kinds(other)).toContain('phone');
  });

  it('that is a unionid: it goes with its last openid', async () => {
    const token = await tokenOf('nina');
    expectProblem(await unlink(token, await idOf(token, 'wechat_unionid'), byCode('nina')), 'VALIDATION_FAILED');
  });

  it('twice', async () => {
    const token = await tokenOf('olga');
    await bindPhone('olga', token);
    const id = await idOf(token, 'phone');
    expect((await unlink(token, id, byCode('olga'))).status).toBe(204);
    expectProblem(await unlink(token, id, byCode('olga')), 'NOT_FOUND');
  });
});
