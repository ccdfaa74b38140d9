import { createHash } from 'node:crypto';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { TestServer, type Answer } from '../support/test-server.js';

interface Row {
  readonly event: string;
  readonly user_id: string | null;
  readonly actor_kind: string;
  readonly actor_id: string | null;
  readonly session_id: string | null;
  readonly app_id: string | null;
  readonly reason: string | null;
  readonly trace_id: string | null;
}

const [APP, OTHER_APP] = SANDBOX_APPS.map(({ appId }) => appId) as [string, string];
const CLIENT = { clientId: 'shop', secret: 'a-secret-of-the-shop' };
const OAUTH_CLIENTS = JSON.stringify([
  {
    clientId: CLIENT.clientId,
    secretHash: `sha256:${createHash('sha256').update(CLIENT.secret).digest('hex')}`,
    appIds: [APP],
  },
]);

const traceOf = (answer: Answer): string => answer.headers.get('x-trace-id')!;
const refreshTokenOf = (answer: Answer): string => answer.body.tokens.refreshToken;
const accessTokenOf = (answer: Answer): string => answer.body.tokens.accessToken;
const sessionIdOf = (answer: Answer): string =>
  (JSON.parse(Buffer.from(accessTokenOf(answer).split('.')[1]!, 'base64url').toString()) as { sid: string }).sid;

describe('the audit log of a server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ OAUTH_CLIENTS, SESSIONS_PER_USER: '3' });
  });
  afterAll(() => server.close());
  beforeEach(() => server.sql('delete from audit_events'));

  const events = (): Promise<Row[]> =>
    server.sql<Row>(
      `select event, user_id, actor_kind, actor_id, session_id, app_id, reason, trace_id from audit_events order by at, id`,
    );
  const named = async (event: string): Promise<Row[]> => (await events()).filter((row) => row.event === event);
  const byThemselves = (answer: Answer) => ({
    user_id: answer.body.user.id as string,
    actor_kind: 'user',
    actor_id: answer.body.user.id as string,
  });

  it('has a first sign-in as a new user and a session, and the next one as a session', async () => {
    const first = await server.signIn('alice');
    expect(await events()).toEqual([
      {
        ...byThemselves(first),
        event: 'user_created',
        session_id: null,
        app_id: APP,
        reason: null,
        trace_id: traceOf(first),
      },
      {
        ...byThemselves(first),
        event: 'sign_in',
        session_id: sessionIdOf(first),
        app_id: APP,
        reason: null,
        trace_id: traceOf(first),
      },
    ]);
    const second = await server.signIn('alice');
    expect(await named('user_created')).toHaveLength(1);
    expect(await named('sign_in')).toMatchObject([{}, { session_id: sessionIdOf(second), trace_id: traceOf(second) }]);
  });

  it('has an identity that is linked by a later sign-in', async () => {
    await server.signIn('bob', { appId: APP });
    const other = await server.signIn('bob', { appId: OTHER_APP });
    expect(await named('identity_linked')).toEqual([
      {
        ...byThemselves(other),
        event: 'identity_linked',
        session_id: null,
        app_id: OTHER_APP,
        reason: 'wechat_openid',
        trace_id: traceOf(other),
      },
    ]);
  });

  it('has the sessions whose place a sign-in takes', async () => {
    const device = { id: 'the-one-device' };
    const replaced = await server.signIn('carol', { device });
    const sessions = [await server.signIn('carol', { device }), await server.signIn('carol')];
    expect(await named('session_revoked')).toMatchObject([
      { session_id: sessionIdOf(replaced), reason: 'replaced', actor_kind: 'system', trace_id: traceOf(sessions[0]!) },
    ]);
    await server.signIn('carol');
    const last = await server.signIn('carol');
    expect((await named('session_revoked')).slice(1)).toMatchObject([
      { session_id: sessionIdOf(sessions[0]!), reason: 'evicted', trace_id: traceOf(last) },
    ]);
  });

  it('has a refused code, soon, and nothing of the code', async () => {
    const refused = await server.post('/v1/auth/wechat/login', { code: 'a-code-nobody-made' });
    expectProblem(refused, 'WECHAT_CODE_REJECTED');
    await eventually('it is written', async () => (await events()).length === 1);
    expect(await events()).toEqual([
      {
        event: 'sign_in_failed',
        user_id: null,
        actor_kind: 'user',
        actor_id: null,
        session_id: null,
        app_id: APP,
        reason: 'WECHAT_CODE_REJECTED',
        trace_id: traceOf(refused),
      },
    ]);
    expect(JSON.stringify(await server.sql('select * from audit_events'))).not.toContain('a-code-nobody-made');
  });

  it('has the sign-in of a disabled user', async () => {
    const { body } = await server.signIn('dave');
    await server.sql(`update users set status = 'disabled' where id = $1`, [body.user.id]);
    expectProblem(await server.signIn('dave'), 'USER_DISABLED');
    await eventually('it is written', async () => (await named('sign_in_failed')).length === 1);
    expect(await named('sign_in_failed')).toMatchObject([
      { user_id: body.user.id, app_id: APP, reason: 'USER_DISABLED', session_id: null },
    ]);
  });

  it('has no malformed request', async () => {
    expectProblem(await server.post('/v1/auth/wechat/login', { code: '' }), 'VALIDATION_FAILED');
    expectProblem(await server.post('/v1/auth/wechat/login', { code: 'x', appId: 'wx-unknown' }), 'WECHAT_APP_UNKNOWN');
    await server.post('/v1/auth/wechat/login', { code: 'a-code-nobody-made' });
    await eventually('the refusal is written', async () => (await events()).length > 0);
    expect(await events()).toMatchObject([{ reason: 'WECHAT_CODE_REJECTED' }]);
  });

  it('has a sign-out, by either token, once', async () => {
    const [byRefresh, byAccess] = [await server.signIn('erin'), await server.signIn('erin')];
    const refreshToken = refreshTokenOf(byRefresh);
    const out = await server.post('/v1/auth/logout', { refreshToken });
    expect(out.status).toBe(204);
    await server.post('/v1/auth/logout', { refreshToken });
    await server.post('/v1/auth/logout', {}, { token: accessTokenOf(byAccess) });
    expect(await named('sign_out')).toMatchObject([
      {
        ...byThemselves(byRefresh),
        session_id: sessionIdOf(byRefresh),
        app_id: APP,
        reason: 'signed_out',
        trace_id: traceOf(out),
      },
      { ...byThemselves(byAccess), session_id: sessionIdOf(byAccess) },
    ]);
  });

  it('has a device that is signed out from another, and all others at once', async () => {
    const [one, two] = [await server.signIn('frank'), await server.signIn('frank')];
    const token = accessTokenOf(one);
    const ended = await server.request('DELETE', `/v1/auth/sessions/${sessionIdOf(two)}`, { token });
    expect(ended.status).toBe(204);
    expect(await named('session_revoked')).toMatchObject([
      { ...byThemselves(one), session_id: sessionIdOf(two), reason: 'signed_out', trace_id: traceOf(ended) },
    ]);
    await server.signIn('frank');
    const others = await server.post('/v1/auth/logout', { scope: 'others' }, { token });
    const global = await server.post('/v1/auth/logout', { scope: 'global' }, { token });
    expect(await named('sessions_revoked')).toMatchObject([
      { ...byThemselves(one), session_id: sessionIdOf(one), reason: 'signed_out', trace_id: traceOf(others) },
      { ...byThemselves(one), session_id: null, reason: 'signed_out', trace_id: traceOf(global) },
    ]);
  });

  it('has the refresh token that came back, and no refresh', async () => {
    const signedIn = await server.signIn('grace');
    const old = refreshTokenOf(signedIn);
    const next = await server.post('/v1/auth/refresh', { refreshToken: old });
    await server.post('/v1/auth/refresh', { refreshToken: next.body.refreshToken });
    await server.sql(`update sessions set rotated_at = rotated_at - interval '1 hour',
      retired_at = array(select at - interval '1 hour' from unnest(retired_at) as ring (at))`);
    const reused = await server.post('/v1/auth/refresh', { refreshToken: old });
    expectProblem(reused, 'REFRESH_TOKEN_REUSED');
    expect((await events()).slice(-1)).toEqual([
      {
        event: 'refresh_reused',
        user_id: signedIn.body.user.id,
        actor_kind: 'system',
        actor_id: null,
        session_id: sessionIdOf(signedIn),
        app_id: APP,
        reason: 'reused',
        trace_id: traceOf(reused),
      },
    ]);
    expect(await events()).toHaveLength(3);
  });

  it('has what a back end ends, under its name', async () => {
    const signedIn = await server.signIn('heidi');
    const revoked = await server.request('POST', '/oauth/revoke', {
      rawBody: new URLSearchParams({ token: refreshTokenOf(signedIn) }).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(`${CLIENT.clientId}:${CLIENT.secret}`).toString('base64')}`,
      },
    });
    expect(revoked.status).toBe(200);
    expect(await named('session_revoked')).toMatchObject([
      { actor_kind: 'client', actor_id: 'shop', session_id: sessionIdOf(signedIn), trace_id: traceOf(revoked) },
    ]);
  });

  it('costs a sign-in of a known user no statement of its own', async () => {
    await server.signIn('ivan');
    const [before] = await server.sql<{ n: number }>(
      `select count(*)::int as n from audit_events where event = 'sign_in'`,
    );
    const { body } = await server.signIn('ivan');
    const [{ xmin } = { xmin: '' }] = await server.sql<{ xmin: string }>(
      `select xmin::text from audit_events where event = 'sign_in' order by id desc limit 1`,
    );
    expect(before!.n).toBe(1);
    expect(
      await server.sql(`select xmin::text from sessions where user_id = $1 and xmin = $2::xid`, [body.user.id, xmin]),
    ).toHaveLength(1);
  });

  it('holds nothing that WeChat told us', async () => {
    await server.signIn('judy');
    const { openids } = server.wechat.createUser({ id: 'judy' });
    const sessionKey = server.wechat.sessionKey('judy', APP)!;
    const text = JSON.stringify(await server.sql('select * from audit_events'));
    for (const secret of [...Object.values(openids), sessionKey]) expect(text).not.toContain(secret);
  });
});
