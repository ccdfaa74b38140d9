import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { openidOf, unionidOf } from '../../src/sandbox/sandbox-users.js';
import { spellingsOf } from '../support/database-dump.js';
import { putPassword } from '../support/password-person.js';
import { expectProblem } from '../support/problems.js';
import { TestServer } from '../support/test-server.js';

const EXPORT = '/v1/users/me/export';
const [APP] = SANDBOX_APPS as [(typeof SANDBOX_APPS)[number]];

describe('the export of an account', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ POLICY_VERSION: '2026-11' });
  });
  afterAll(() => server.close());

  const device = { id: 'device-1', name: 'My Phone', platform: 'ios' };
  const signIn = (user: string) => server.signIn(user, { device, consent: { policyVersion: '2026-11' } });

  it('holds everything kept of the person, their whole number included, and no secret', async () => {
    const { body } = await signIn('alice');
    const token = body.tokens.accessToken as string;
    const phone = { countryCode: '86', purePhoneNumber: '13812345678' };
    const { code } = server.wechat.phones.pressPhoneButton('alice', { phone });
    await server.request('PUT', '/v1/users/me/phone', { token, body: { code } });
    const proof = server.wechat.wxLogin('alice').code;
    await putPassword(server, token, { username: 'alice.export', newPassword: 'secret words 9!', code: proof });
    await server.request('PUT', '/v1/users/me', { token, body: { nickname: 'Alice' } });
    await (
      await signIn('bob')
    ).body;

    const { status, body: exported, headers } = await server.get(EXPORT, { token });
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
    const uuid = expect.any(String) as string;
    expect(exported).toEqual({
      exportedAt: time,
      user: {
        id: body.user.id,
        nickname: 'Alice',
        avatarUrl: null,
        phone: '+8613812345678',
        phoneProvedAt: time,
        hasPassword: true,
        roles: [],
        createdAt: body.user.createdAt,
        updatedAt: time,
      },
      identities: expect.arrayContaining([
        { id: uuid, kind: 'wechat_openid', appId: APP.appId, username: null, linkedAt: time },
        { id: uuid, kind: 'wechat_unionid', appId: null, username: null, linkedAt: time },
        { id: uuid, kind: 'phone', appId: null, username: null, linkedAt: time },
        { id: uuid, kind: 'username', appId: null, username: 'alice.export', linkedAt: time },
      ]),
      sessions: [
        {
          id: uuid,
          appId: APP.appId,
          methods: ['wx'],
          deviceId: 'device-1',
          deviceName: 'My Phone',
          devicePlatform: 'ios',
          createdAt: time,
          lastUsedAt: time,
          endedAt: null,
          endReason: null,
        },
      ],
      consents: [{ policyVersion: '2026-11', appId: APP.appId, givenAt: time }],
      auditEvents: expect.any(Array),
    });
    expect(exported.identities).toHaveLength(4);
    const events = (exported.auditEvents as { event: string }[]).map(({ event }) => event);
    expect(events.slice(0, 2)).toEqual(['user_created', 'sign_in']);
    expect(events).toEqual(expect.arrayContaining(['phone_changed', 'password_changed', 'profile_changed']));
    expect(events.at(-1)).toBe('user_exported');

    const text = JSON.stringify(exported);
    const withheld = [
      openidOf(APP.appId, 'alice'),
      unionidOf(APP.openPlatform!, 'alice'),
      server.wechat.sessionKey('alice', APP.appId)!,
      body.tokens.refreshToken as string,
      token,
      'argon2',
      'secret words',
    ];
    expect(withheld.filter((value) => spellingsOf(value).some((spelling) => text.includes(spelling)))).toEqual([]);
  });

  it('is the caller’s alone, and each is recorded', async () => {
    const { body } = await signIn('carol');
    const token = body.tokens.accessToken as string;
    const first = await server.get(EXPORT, { token });
    expect(new Set((first.body.auditEvents as { by: string }[]).map(({ by }) => by))).toEqual(new Set(['user']));
    await server.get(EXPORT, { token });
    const events = await server.sql(`select 1 from audit_events where user_id = $1 and event = 'user_exported'`, [
      body.user.id,
    ]);
    expect(events).toHaveLength(2);
    expectProblem(await server.get(EXPORT), 'ACCESS_TOKEN_MISSING');
  });

  it('does not name the operator who did something', async () => {
    const { body } = await signIn('dora');
    await server.sql(
      `insert into audit_events (id, event, user_id, actor_kind, actor_id) values (gen_random_uuid(), 'role_changed', $1, 'admin', 'canary-operator')`,
      [body.user.id],
    );
    const { body: exported } = await server.get(EXPORT, { token: body.tokens.accessToken as string });
    const [event] = (exported.auditEvents as { event: string; by: string }[]).filter(
      (one) => one.event === 'role_changed',
    );
    expect(event?.by).toBe('admin');
    expect(JSON.stringify(exported)).not.toContain('canary-operator');
  });
});
