import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { MergeCleaning } from '../../src/users/merge-cleaning.js';
import { Cleaning } from '../../src/database/cleaning.js';
import { expectProblem } from '../support/problems.js';
import { MergeStage, type StagePerson } from '../support/merge-stage.js';

const [APP_ONE, APP_TWO] = SANDBOX_APPS.map((app) => app.appId) as [string, string];
const NUMBER = '+8613800138001';
const OTHER_NUMBER = '+8613900139002';

describe('a merge', () => {
  let stage: MergeStage;
  let older: StagePerson;
  let younger: StagePerson;
  beforeAll(async () => {
    stage = await MergeStage.open();
  });
  afterAll(() => stage.close());
  beforeEach(async () => {
    await stage.sql(`delete from identities where kind = 'phone'`);
    older = await stage.newcomer();
    younger = await stage.newcomer({ appId: APP_TWO });
  });

  it.each(['older', 'younger'] as const)('lets the older account survive when the %s one asks for it', async (who) => {
    const [caller, other] = who === 'older' ? [older, younger] : [younger, older];
    const answer = await stage.merge(caller, await stage.ticketFor(caller, other));
    expect(answer.status).toBe(200);
    const { user, tokens, absorbedUserId } = answer.body;
    expect({ id: user.id, absorbedUserId }).toEqual({ id: older.id, absorbedUserId: younger.id });
    expect(user.identities.map(({ appId }: { appId?: string }) => appId).toSorted()).toEqual([APP_ONE, APP_TWO]);
    const me = await stage.me(tokens.accessToken);
    expect([me.status, me.body]).toEqual([200, user]);
    const session = await stage.request('GET', '/v1/auth/session', { token: tokens.accessToken });
    expect(session.body).toMatchObject({ userId: older.id, appId: caller.appId });
    expect((await stage.refresh({ tokens })).status).toBe(200);
    for (const person of [older, younger]) expect((await stage.signIn(person.name, person.appId)).id).toBe(older.id);
  });

  it('ends every session of the absorbed account and the one that asked, and no other', async () => {
    const elsewhere = await stage.signIn(younger.name, younger.appId);
    const kept = await stage.signIn(older.name, older.appId);
    await stage.merged(older, younger);
    for (const dead of [older, younger, elsewhere]) {
      expectProblem(await stage.me(dead.tokens.accessToken), 'SESSION_EXPIRED');
      expectProblem(await stage.refresh(dead), 'SESSION_EXPIRED');
    }
    expect((await stage.me(kept.tokens.accessToken)).body.id).toBe(older.id);
  });

  it('keeps the device of the caller', async () => {
    const device = { id: 'device-12345678' };
    const caller = await stage.signIn(younger.name, younger.appId, device);
    const { tokens } = await stage.merged(caller, older);
    const rows = await stage.sql(
      `select user_id, app_id, identity_id is not null as speaks from sessions where device_id = $1 and revoked_at is null`,
      [device.id],
    );
    expect(rows).toEqual([{ user_id: older.id, app_id: APP_TWO, speaks: true }]);
    expect((await stage.me(tokens.accessToken)).status).toBe(200);
  });

  it('fills what the survivor lacks, and keeps what it has', async () => {
    await stage.sql(`update users set nickname = 'Ann', roles = '{}' where id = $1`, [older.id]);
    await stage.sql(`update users set nickname = 'Bo', avatar_url = '/a.png', roles = '{admin}' where id = $1`, [
      younger.id,
    ]);
    await stage.givePhone(younger, NUMBER);
    const { user } = await stage.merged(older, younger);
    expect(user).toMatchObject({ nickname: 'Ann', avatarUrl: '/a.png', phone: '138******01' });
    const rows = await stage.sql(
      'select id, status, merged_into, nickname, avatar_url, phone_sealed, password_hash, roles from users where id = any($1) order by created_at',
      [[older.id, younger.id]],
    );
    expect(rows[0]).toMatchObject({ status: 'active', merged_into: null, roles: [] });
    expect(rows[1]).toEqual({
      id: younger.id,
      status: 'erased',
      merged_into: older.id,
      nickname: null,
      avatar_url: null,
      phone_sealed: null,
      password_hash: null,
      roles: [],
    });
  });

  it('leaves the survivor its phone and its username, and frees those of the absorbed account', async () => {
    await stage.givePhone(older, OTHER_NUMBER);
    await stage.givePhone(younger, NUMBER);
    await stage.giveIdentity(older, { kind: 'username', issuer: '', subject: `ann-${older.name}` });
    await stage.giveIdentity(younger, { kind: 'username', issuer: '', subject: `bo-${older.name}` });
    const { user } = await stage.merged(younger, older);
    expect(user.phone).toBe('139******02');
    const names = await stage.sql(`select subject from identities where user_id = $1 and kind = 'username'`, [
      older.id,
    ]);
    expect(names).toEqual([{ subject: `ann-${older.name}` }]);
    const third = await stage.newcomer();
    await stage.givePhone(third, NUMBER);
    expect((await stage.me(third.tokens.accessToken)).body.phone).toBe('138******01');
  });

  it('brings a username along with its password', async () => {
    const [username, password] = [`user-of-${younger.name}`, 'a long enough passphrase'];
    const set = await stage.request('PUT', '/v1/users/me/password', {
      token: younger.tokens.accessToken,
      body: { username, newPassword: password, code: stage.codeOf(younger) },
    });
    expect(set.status).toBe(204);
    await stage.merged(older, younger);
    const login = await stage.post('/v1/auth/password/login', { username, password });
    expect([login.status, login.body.user?.id]).toEqual([200, older.id]);
  });

  it('keeps both unionids of a person with two WeChat accounts', async () => {
    const one = await stage.newcomer({ unionid: true });
    const two = await stage.newcomer({ unionid: true });
    const { user } = await stage.merged(one, two);
    expect(user.identities.map(({ kind }: { kind: string }) => kind).toSorted()).toEqual([
      ...['wechat_openid', 'wechat_openid', 'wechat_unionid', 'wechat_unionid'],
    ]);
    for (const { name } of [one, two]) expect((await stage.signIn(name, APP_TWO)).id).toBe(one.id);
  });

  it('lets everybody who was absorbed before lead to the last survivor', async () => {
    const third = await stage.newcomer();
    await stage.merged(younger, third);
    const again = await stage.signIn(younger.name, younger.appId);
    await stage.merged(older, again);
    const rows = await stage.sql<{ id: string }>('select id from users where merged_into = $1 order by id', [older.id]);
    expect(rows.map(({ id }) => id)).toEqual([younger.id, third.id].toSorted());
  });

  it('is recorded in the audit log, with ids and no values', async () => {
    await stage.merged(younger, older);
    const events = await stage.sql(
      `select user_id, actor_kind, actor_id, subject, reason, fields from audit_events where event = 'user_merged' and user_id = $1`,
      [older.id],
    );
    expect(events).toEqual([
      {
        user_id: older.id,
        actor_kind: 'user',
        actor_id: younger.id,
        subject: younger.id,
        reason: 'openid',
        fields: [],
      },
    ]);
  });
});

describe('a merge ticket', () => {
  let stage: MergeStage;
  let older: StagePerson;
  let younger: StagePerson;
  beforeAll(async () => {
    stage = await MergeStage.open();
  });
  afterAll(() => stage.close());
  beforeEach(async () => {
    await stage.sql(`delete from identities where kind = 'phone'`);
    older = await stage.newcomer();
    younger = await stage.newcomer();
  });

  const stillTwo = async (): Promise<boolean> => {
    const people = await Promise.all([older, younger].map(({ name }) => stage.signIn(name)));
    return people[0]!.id !== people[1]!.id;
  };

  it('works once', async () => {
    const ticket = await stage.ticketFor(older, younger);
    const { body } = await stage.merge(older, ticket);
    const caller = { ...older, tokens: body.tokens };
    expectProblem(await stage.merge(caller, ticket), 'TICKET_INVALID');
  });

  it('works for the person who got it, with a proof of theirs', async () => {
    const ticket = await stage.ticketFor(older, younger);
    expectProblem(await stage.merge(younger, ticket), 'TICKET_INVALID');
    expectProblem(await stage.merge(older, ticket, {}), 'PROOF_REQUIRED');
    expectProblem(await stage.merge(older, ticket, { code: stage.codeOf(younger) }), 'PROOF_REQUIRED');
    expectProblem(await stage.merge(older, 'x'.repeat(43)), 'TICKET_INVALID');
    expect(await stillTwo()).toBe(true);
    expect((await stage.merge(older, ticket)).status).toBe(200);
  });

  it('ends with its fifth failure', async () => {
    const ticket = await stage.ticketFor(older, younger);
    for (let failure = 0; failure < 5; failure += 1) {
      expectProblem(await stage.merge(older, ticket, {}), 'PROOF_REQUIRED');
    }
    expectProblem(await stage.merge(older, ticket), 'TICKET_INVALID');
    expect(await stillTwo()).toBe(true);
  });

  it('ends after ten minutes, and is deleted', async () => {
    const ticket = await stage.ticketFor(older, younger);
    await stage.sql(`update merge_tickets set expires_at = expires_at - interval '600 s' where user_id = $1`, [
      older.id,
    ]);
    expectProblem(await stage.merge(older, ticket), 'TICKET_INVALID');
    const live = await stage.ticketFor(older, younger);
    await stage.server.app.get(Cleaning).run(stage.server.app.get(MergeCleaning));
    expect(await stage.sql('select user_id from merge_tickets where expires_at < now()')).toEqual([]);
    expect((await stage.merge(older, live)).status).toBe(200);
  });

  it('without full proof merges nothing', async () => {
    await stage.givePhone(younger, NUMBER);
    const ticket = await stage.ticketFor(older, younger, { fullProof: false, with: 'phone', phone: { e164: NUMBER } });
    expectProblem(await stage.merge(older, ticket), 'PROOF_REQUIRED');
    expect(await stillTwo()).toBe(true);
    expect((await stage.claim(older, ticket)).status).toBe(200);
  });

  it('is void once the other account has not what was proved', async () => {
    const ticket = await stage.ticketFor(older, younger);
    await stage.sql('update identities set user_id = $2 where user_id = $1', [younger.id, (await stage.newcomer()).id]);
    expectProblem(await stage.merge(older, ticket), 'TICKET_INVALID');
  });

  it('helps nobody out of a disabled account, nor into one', async () => {
    const ticket = await stage.ticketFor(older, younger);
    await stage.sql(`update users set status = 'disabled' where id = $1`, [younger.id]);
    expectProblem(await stage.merge(older, ticket), 'FORBIDDEN');
    await stage.sql(`update users set status = 'disabled' where id = $1`, [older.id]);
    expectProblem(await stage.merge(older, ticket), 'USER_DISABLED');
    await stage.sql(`update users set status = 'active' where id = any($1)`, [[older.id, younger.id]]);
    expect(await stillTwo()).toBe(true);
  });

  it('is nowhere in the database, and neither is the number behind it', async () => {
    await stage.givePhone(younger, NUMBER);
    const ticket = await stage.ticketFor(older, younger, { with: 'phone', phone: { e164: NUMBER } });
    await stage.merge(older, ticket);
    await stage.ticketFor(older, younger, { with: 'phone', phone: { e164: NUMBER } });
    for (const table of ['merge_tickets', 'merges', 'users', 'identities', 'audit_events']) {
      const rows = JSON.stringify(await stage.sql(`select ${table}::text as row from ${table}`));
      expect(rows.length).toBeGreaterThan(40);
      const hex = (text: string): string => Buffer.from(text).toString('hex');
      for (const secret of [ticket, hex(ticket), NUMBER, hex(NUMBER), '13800138001', hex('13800138001')]) {
        expect(rows).not.toContain(secret);
      }
    }
  });

  it.each([{}, { mergeTicket: 'short' }, { mergeTicket: 5 }, { mergeTicket: 'x'.repeat(43), userId: 'me' }])(
    'is the only thing that may come with a proof: %j',
    async (body) => {
      expectProblem(await stage.post('/v1/users/me/merge', body, older.tokens.accessToken), 'VALIDATION_FAILED');
      expectProblem(await stage.post('/v1/users/me/phone/claim', body, older.tokens.accessToken), 'VALIDATION_FAILED');
    },
  );
});
