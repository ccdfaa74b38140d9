import { createHash } from 'node:crypto';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { TestServer } from '../support/test-server.js';

const [APP_ONE, APP_TWO] = SANDBOX_APPS.map((app) => app.appId) as [string, string];
const SECRET = 'a secret: with %, + and space';
const hash = `sha256:${createHash('sha256').update(SECRET).digest('hex')}`;
const basic = (id: string, secret: string) =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

describe('the OAuth endpoints', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({
      OAUTH_CLIENTS: JSON.stringify([
        { clientId: 'shop', secretHash: hash, appIds: [APP_ONE] },
        { clientId: 'other', secretHash: hash, appIds: [APP_TWO] },
      ]),
    });
  });
  afterAll(() => server.close());

  const form = (path: string, fields: Record<string, string>, authorization: string | null = basic('shop', SECRET)) =>
    server.request('POST', path, {
      rawBody: new URLSearchParams(fields).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(authorization ? { authorization } : {}),
      },
    });
  const signIn = async (user: string, appId = APP_ONE) => (await server.signIn(user, { appId })).body;

  it('introspects a live access token and a live refresh token', async () => {
    const { tokens, user } = await signIn('ann');
    const access = await form('/oauth/introspect', { token: tokens.accessToken });
    expect(access.body).toMatchObject({ active: true, sub: user.id, client_id: APP_ONE, token_type: 'Bearer' });
    const refresh = await form('/oauth/introspect', { token: tokens.refreshToken, token_type_hint: 'refresh_token' });
    expect(refresh.body).toMatchObject({ active: true, sub: user.id, client_id: APP_ONE });
  });

  it('tells nothing of a foreign, dead or made-up token', async () => {
    const foreign = (await signIn('ben', APP_TWO)).tokens;
    const dead = (await signIn('ben')).tokens;
    await server.post('/v1/auth/logout', { refreshToken: dead.refreshToken });
    for (const token of [
      foreign.accessToken,
      foreign.refreshToken,
      dead.accessToken,
      dead.refreshToken,
      'x',
      'a.b.c',
    ]) {
      const answer = await form('/oauth/introspect', { token });
      expect([answer.status, answer.body]).toEqual([200, { active: false }]);
    }
  });

  it('ends the session of a token, but only of its own apps', async () => {
    const mine = (await signIn('cat')).tokens;
    const foreign = (await signIn('cat', APP_TWO)).tokens;
    for (const token of [mine.accessToken, foreign.accessToken, foreign.refreshToken, 'unknown']) {
      expect((await form('/oauth/revoke', { token })).status).toBe(200);
    }
    expect((await server.get('/v1/auth/session', { token: mine.accessToken })).body.code).toBe('SESSION_REVOKED');
    expect((await server.get('/v1/auth/session', { token: foreign.accessToken })).status).toBe(200);
  });

  it('refreshes in the words of RFC 6749', async () => {
    const { tokens } = await signIn('dan');
    const answer = await form('/oauth/token', { grant_type: 'refresh_token', refresh_token: tokens.refreshToken });
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      refresh_token: expect.any(String),
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect((await server.get('/v1/auth/session', { token: answer.body.access_token })).status).toBe(200);
  });

  it('answers a late duplicate with temporarily_unavailable and not with the end of the session', async () => {
    const { tokens } = await signIn('eve');
    const one = await server.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken });
    const two = await server.post('/v1/auth/refresh', { refreshToken: one.body.refreshToken });
    const late = await form('/oauth/token', { grant_type: 'refresh_token', refresh_token: tokens.refreshToken });
    expect(late).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await server.post('/v1/auth/refresh', { refreshToken: two.body.refreshToken })).status).toBe(200);
  });

  it('does not move on the session of a foreign app', async () => {
    const { tokens } = await signIn('fay', APP_TWO);
    const refused = await form('/oauth/token', { grant_type: 'refresh_token', refresh_token: tokens.refreshToken });
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const [row] = await server.sql('select generation from sessions order by created_at desc limit 1');
    expect(row).toEqual({ generation: 0 });
  });

  it.each([
    ['no client', null, {}, 401, 'invalid_client'],
    ['a wrong secret', basic('shop', 'wrong'), {}, 401, 'invalid_client'],
    ['an unknown client', basic('nobody', SECRET), {}, 401, 'invalid_client'],
    ['a broken header', 'Basic %%%', {}, 401, 'invalid_client'],
    ['two ways at once', basic('shop', SECRET), { client_secret: SECRET }, 400, 'invalid_request'],
    ['another grant', basic('shop', SECRET), { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['no grant type', basic('shop', SECRET), { grant_type: '' }, 400, 'invalid_request'],
    ['a forged token', basic('shop', SECRET), { refresh_token: 'x' }, 400, 'invalid_grant'],
    ['no token', basic('shop', SECRET), { refresh_token: '' }, 400, 'invalid_request'],
  ])('refuses %s', async (_what, authorization, fields, status, error) => {
    const { tokens } = await signIn('gus');
    const answer = await form(
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: tokens.refreshToken, ...fields },
      authorization,
    );
    expect(answer).toMatchObject({ status, body: { error } });
    if (status === 401) expect(answer.headers.get('www-authenticate')).toMatch(/^Basic/);
  });

  it('takes the client secret in the body, and refuses a parameter that is sent twice', async () => {
    const { tokens } = await signIn('hal');
    const post = { client_id: 'shop', client_secret: SECRET };
    const ok = await form('/oauth/introspect', { token: tokens.accessToken, unknown: 'ignored', ...post }, null);
    expect(ok.body.active).toBe(true);
    const twice = await server.request('POST', '/oauth/introspect', {
      rawBody: `token=${tokens.accessToken}&token=x`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: basic('shop', SECRET) },
    });
    expect(twice).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('accepts forms nowhere else', async () => {
    const answer = await server.request('POST', '/v1/auth/refresh', {
      rawBody: 'refreshToken=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer.body).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
  });

  it('publishes metadata whose endpoints exist', async () => {
    const { body, headers } = await server.get('/.well-known/oauth-authorization-server');
    expect(body).toMatchObject({ issuer: 'http://passport.test', grant_types_supported: ['refresh_token'] });
    expect(headers.get('cache-control')).toContain('max-age');
    for (const name of ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint']) {
      const { pathname } = new URL(body[name]);
      expect((await form(pathname, {})).status).toBe(400);
    }
    expect((await server.get(new URL(body.jwks_uri).pathname)).body.keys.length).toBeGreaterThan(0);
  });
});
