import { parseMasterKeys } from '../../src/config/parse-master-keys.js';
import { Sealer } from '../../src/crypto/sealer.js';
import { openidOf } from '../../src/sandbox/sandbox-users.js';
import type { PushMessage } from '../../src/sandbox/push/sign-push.js';
import { placeIn } from '../../src/secrets/sealed-column.js';
import { USER_PHONE } from '../../src/users/phone-vault.js';
import { expectProblem } from '../support/problems.js';
import { APP_ONE, APP_TWO, aboutData, outcomes, push, type PushApp, type PushCase } from '../support/pushes.js';
import { TEST_MASTER_KEY, TestServer, type Answer } from '../support/test-server.js';

const CANCELLATION = 'user_authorization_cancellation';
const REVOKE = 'user_authorization_revoke';

// The server's own.
const sealer = new Sealer(parseMasterKeys(`test:${TEST_MASTER_KEY}`, []));

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ RATE_LIMIT: 'off' });
});
afterAll(() => server.close());
beforeEach(() => server.sql('delete from push_events'));

interface Person {
  readonly id: string;
  readonly tokens: { accessToken: string; refreshToken: string };
}

/** Signs a user in and fills in a profile. */
async function settle(user: string, app: PushApp = APP_ONE): Promise<Person> {
  const device = { id: `device-of-${user}-${app.appId}`, name: `Phone of ${user}`, platform: 'ios' };
  const { status, body } = await server.signIn(user, { appId: app.appId, device });
  expect(status).toBe(200);
  await server.sql(
    `update users set nickname = 'Nick', avatar_url = 'https://example.com/a.png', phone_sealed = $2,
       phone_proved_at = now(), password_hash = 'hash', roles = '{editor}' where id = $1`,
    [body.user.id, sealer.seal(Buffer.from('+8613800138000'), placeIn(USER_PHONE, body.user.id))],
  );
  return { id: body.user.id as string, tokens: body.tokens as Person['tokens'] };
}

async function addPhone({ id }: Person): Promise<void> {
  await server.sql(
    `insert into identities (id, user_id, kind, issuer, subject) values (gen_random_uuid(), $1::uuid, 'phone', '', $1::text)`,
    [id],
  );
}

async function profileOf({ id }: Person): Promise<Record<string, unknown>> {
  const [row] = await server.sql(
    `select status, nickname, avatar_url is not null as avatar, phone_sealed is not null as phone,
       phone_proved_at is not null as proved, password_hash is not null as password, roles,
       (select coalesce(array_agg(kind || ' ' || case when kind = 'phone' then '' else issuer end order by kind, issuer), '{}')
          from identities where user_id = u.id) as identities
     from users u where id = $1`,
    [id],
  );
  return row!;
}

const vaultOf = (user: string, app: PushApp) =>
  server.sql('select 1 as kept from wechat_sessions where app_id = $1 and openid = $2', [
    app.appId,
    openidOf(app.appId, user),
  ]);

const me = ({ tokens }: Person): Promise<Answer> => server.get('/v1/users/me', { token: tokens.accessToken });

async function obeyed(message: PushMessage, options: PushCase = {}): Promise<void> {
  const answer = await push(server, message, options);
  expect([answer.status, answer.body]).toEqual([200, 'success']);
}

const FULL = {
  status: 'active',
  nickname: 'Nick',
  avatar: true,
  phone: true,
  proved: true,
  password: true,
  roles: ['editor'],
};
const EMPTY = {
  status: 'erased',
  nickname: null,
  avatar: false,
  phone: false,
  proved: false,
  password: false,
  roles: [],
  identities: [],
};

describe('a person who takes back a permission', () => {
  it.each<[string, string | number, Record<string, unknown>]>([
    ['6, nickname and avatar', '6', { nickname: null, avatar: false }],
    ['19, the nickname of the keyboard', '19', { nickname: null }],
    ['20, the avatar component', '20', { avatar: false }],
    ['8, the phone number', '8', { phone: false, proved: false }],
    ['8 as a number', 8, { phone: false, proved: false }],
    ['several at once', '6,8', { nickname: null, avatar: false, phone: false, proved: false }],
    ['something that is not kept here', '13', {}],
    ['nothing that is named', '', {}],
  ])('loses %s, and stays signed in', async (what, RevokeInfo, gone) => {
    const person = await settle(`revoking-${what.replace(/\W/g, '')}`);
    await addPhone(person);
    const before = await profileOf(person);
    const user = `revoking-${what.replace(/\W/g, '')}`;
    await obeyed(aboutData(REVOKE, user, APP_ONE, { RevokeInfo }));
    const identities = (before['identities'] as string[]).filter(
      (one) => !('phone' in gone) || !one.startsWith('phone'),
    );
    expect(await profileOf(person)).toEqual({ ...FULL, identities, ...gone });
    expect((await me(person)).status).toBe(200);
  });

  it('is obeyed in XML, and when the names carry stray spaces as in the official example', async () => {
    const [ann, ben] = [await settle('ann'), await settle('ben')];
    await obeyed(aboutData(REVOKE, 'ann', APP_ONE, { RevokeInfo: '6' }), { format: 'xml' });
    const { OpenID, AppID, ...rest } = aboutData(REVOKE, 'ben');
    await obeyed({ ...rest, ' OpenID': OpenID!, ' AppID': AppID!, ' RevokeInfo': '6' });
    expect([(await profileOf(ann))['nickname'], (await profileOf(ben))['nickname']]).toEqual([null, null]);
  });

  it('is audited by the names of what is gone', async () => {
    const person = await settle('audited');
    await obeyed(aboutData(REVOKE, 'audited', APP_ONE, { RevokeInfo: '8' }));
    const events = await server.sql(
      `select event, actor_kind as actor, reason, fields from audit_events
       where user_id = $1 and event like 'wechat%'`,
      [person.id],
    );
    expect(events).toEqual([{ event: 'wechat_data_withdrawn', actor: 'wechat', reason: REVOKE, fields: ['phone'] }]);
  });
});

describe('a push of plain mode that would delete', () => {
  it.each([CANCELLATION, REVOKE])('is answered with success and not obeyed: %s', async (event) => {
    const user = `plain-${event.length}`;
    const person = await settle(user);
    await obeyed(aboutData(event, user, APP_ONE, { RevokeInfo: '6' }), { secure: false });
    expect(await profileOf(person)).toMatchObject(FULL);
    expect((await me(person)).status).toBe(200);
    expect(await outcomes(server)).toEqual([`${event}: ignored_plain_mode`]);
    const audited = await server.sql(
      `select reason from audit_events where event = 'wechat_push_ignored' and reason = $1`,
      [event],
    );
    expect(audited).toHaveLength(1);
  });

  it('does not keep the true one out', async () => {
    const person = await settle('framed');
    const message = aboutData(CANCELLATION, 'framed');
    await obeyed(message, { secure: false });
    await obeyed(message);
    expect(await profileOf(person)).toEqual(EMPTY);
  });
});

describe('a person who leaves their only app', () => {
  it('is erased: identities, session_key, profile, phone, password, roles and devices are gone', async () => {
    const person = await settle('leaver');
    expect(await vaultOf('leaver', APP_ONE)).toHaveLength(1);
    await obeyed(aboutData(CANCELLATION, 'leaver'));
    expect(await profileOf(person)).toEqual(EMPTY);
    expect(await vaultOf('leaver', APP_ONE)).toEqual([]);
    const devices = await server.sql(
      'select device_id, device_name, device_platform from sessions where user_id = $1',
      [person.id],
    );
    expect(devices).toEqual([{ device_id: null, device_name: null, device_platform: null }]);
    expect(await outcomes(server)).toEqual([`${CANCELLATION}: obeyed`]);
    const audited = await server.sql('select event from audit_events where user_id = $1 and event = $2', [
      person.id,
      'user_erased',
    ]);
    expect(audited).toHaveLength(1);
  });

  it('is signed out at once, and the app is told not to sign in by itself', async () => {
    const person = await settle('signed-out');
    expect((await me(person)).status).toBe(200);
    await obeyed(aboutData(CANCELLATION, 'signed-out'));
    expectProblem(await me(person), 'SESSION_REVOKED');
    const { refreshToken } = person.tokens;
    expectProblem(await server.post('/v1/auth/refresh', { refreshToken }), 'SESSION_REVOKED');
    const fed = await server.sql(
      `select 1 as one from revocations r join sessions s on r.subject = s.id::text where s.user_id = $1`,
      [person.id],
    );
    expect(fed).toHaveLength(1);
  });

  it('comes back as somebody new, whom a repeat of the push leaves alone', async () => {
    const person = await settle('returning');
    const message = aboutData(CANCELLATION, 'returning');
    await obeyed(message);
    const again = await settle('returning');
    expect(again.id).not.toBe(person.id);
    await obeyed(message);
    expect(await profileOf(again)).toMatchObject(FULL);
    expect((await me(again)).status).toBe(200);
  });

  it('leaves a tombstone that names nobody', async () => {
    await settle('buried');
    const before = await server.sql('select id from erasures');
    await obeyed(aboutData(CANCELLATION, 'buried'));
    const after = await server.sql<{ hash: string }>(`select encode(subject_hash, 'hex') as hash from erasures`);
    expect(after).toHaveLength(before.length + 1);
    expect(after.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
  });

  it('is erased once by 20 simultaneous pushes of one event', async () => {
    const person = await settle('impatient');
    const message = aboutData(CANCELLATION, 'impatient');
    const answers = await Promise.all(Array.from({ length: 20 }, () => push(server, message)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await profileOf(person)).toEqual(EMPTY);
    const effects = await server.sql(`select event from audit_events where user_id = $1 and event <> 'sign_in'`, [
      person.id,
    ]);
    expect(effects.filter(({ event }) => event === 'user_erased')).toHaveLength(1);
    expect(effects.filter(({ event }) => event === 'wechat_data_withdrawn')).toHaveLength(1);
    expect(await outcomes(server)).toEqual([`${CANCELLATION}: obeyed`]);
  });

  it('whom nobody knows here is no error, and stays unknown to a replay', async () => {
    const message = aboutData(CANCELLATION, 'stranger');
    await obeyed(message);
    const person = await settle('stranger');
    await obeyed(message);
    expect(await profileOf(person)).toMatchObject(FULL);
  });

  it('is neither erased nor remembered when something fails on the way; the repeat heals it', async () => {
    const person = await settle('unlucky');
    const message = aboutData(CANCELLATION, 'unlucky');
    await server.sql('alter table erasures rename to erasures_away');
    const answer = await push(server, message);
    await server.sql('alter table erasures_away rename to erasures');
    expectProblem(answer, 'SERVICE_UNAVAILABLE');
    expect(await profileOf(person)).toMatchObject(FULL);
    expect((await me(person)).status).toBe(200);
    expect(await outcomes(server)).toEqual([]);
    await obeyed(message);
    expect(await profileOf(person)).toEqual(EMPTY);
  });
});

describe('a person who leaves one of several', () => {
  it('apps keeps the other, and its sessions', async () => {
    const one = await settle('two-apps', APP_ONE);
    const two = await settle('two-apps', APP_TWO);
    expect(two.id).toBe(one.id);
    await obeyed(aboutData(CANCELLATION, 'two-apps', APP_ONE));
    expect(await profileOf(one)).toEqual({
      ...FULL,
      nickname: null,
      avatar: false,
      identities: [`wechat_openid ${APP_TWO.appId}`, 'wechat_unionid sandbox'],
    });
    expectProblem(await me(one), 'SESSION_REVOKED');
    expect((await me(two)).status).toBe(200);
    expect([(await vaultOf('two-apps', APP_ONE)).length, (await vaultOf('two-apps', APP_TWO)).length]).toEqual([0, 1]);
    const devices = await server.sql(
      'select app_id, device_name from sessions where user_id = $1 and device_name is not null',
      [one.id],
    );
    expect(devices).toEqual([{ app_id: APP_TWO.appId, device_name: 'Phone of two-apps' }]);

    await obeyed(aboutData(CANCELLATION, 'two-apps', APP_TWO), { app: APP_TWO });
    expect(await profileOf(one)).toEqual(EMPTY);
    expectProblem(await me(two), 'SESSION_REVOKED');
  });

  it('ways in keeps the phone number, and the account behind it', async () => {
    const person = await settle('phone-left');
    await addPhone(person);
    await obeyed(aboutData(CANCELLATION, 'phone-left'));
    expect(await profileOf(person)).toEqual({ ...FULL, nickname: null, avatar: false, identities: ['phone '] });
    expectProblem(await me(person), 'SESSION_REVOKED');
  });

  it('people is nobody else', async () => {
    const neighbour = await settle('neighbour');
    await settle('mover');
    await obeyed(aboutData(CANCELLATION, 'mover'));
    expect(await profileOf(neighbour)).toMatchObject(FULL);
    expect((await me(neighbour)).status).toBe(200);
    expect(await vaultOf('neighbour', APP_ONE)).toHaveLength(1);
  });
});

it('nothing of all this says in the log whom it was about', () => {
  const people = ['ann', 'leaver', 'unlucky', 'two-apps', 'stranger'].map((user) => openidOf(APP_ONE.appId, user));
  const log = server.logs.join('\n');
  expect(log.length).toBeGreaterThan(1000);
  expect(people.filter((openid) => log.includes(openid))).toEqual([]);
});
