import { createHash, randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { countStatements } from '../support/counted-statements.js';
import { expectProblem } from '../support/problems.js';
import { sendRaw } from '../support/raw-http.js';
import { Forge } from '../support/signing-forge.js';
import { startProbe } from '../support/signing-probe.js';
import type { Answer, TestServer } from '../support/test-server.js';
import { ALGORITHM_ATTACKS } from './attacks/algorithm.js';
import type { Attack } from './attacks/attack.js';
import { CLAIM_ATTACKS } from './attacks/claims.js';
import { FORM_ATTACKS } from './attacks/form.js';
import { HEADER_ATTACKS } from './attacks/header.js';
import { SIGNATURE_ATTACKS } from './attacks/signature.js';

const ATTACKS: readonly Attack[] = [
  ...ALGORITHM_ATTACKS,
  ...SIGNATURE_ATTACKS,
  ...FORM_ATTACKS,
  ...HEADER_ATTACKS,
  ...CLAIM_ATTACKS,
];
const IN_HEADERS = ATTACKS.filter(({ inBodiesOnly }) => !inBodiesOnly);

const SECRET = 'secret-of-the-shop';
const [APP_ONE, APP_TWO] = SANDBOX_APPS.map(({ appId }) => appId) as [string, string];
const secretHash = `sha256:${createHash('sha256').update(SECRET).digest('hex')}`;

/** Every way in which a route is guarded, but for signing out, which has its own. */
const READS = [
  ['GET', '/v1/auth/session'],
  ['GET', '/v1/business/bearer'],
  ['GET', '/v1/business/strict'],
  ['GET', '/v1/business/undeclared'],
  ['GET', '/v1/business/own-guard'],
] as const;

it('are many, each under a name of its own', () => {
  expect(IN_HEADERS.length).toBeGreaterThan(80);
  expect(new Set(ATTACKS.map(({ name }) => name)).size).toBe(ATTACKS.length);
});

describe('a server', () => {
  let server: TestServer;
  let dataSource: DataSource;
  let forge: Forge;
  beforeAll(async () => {
    ({ server, dataSource } = await startProbe('in the server', {
      OAUTH_CLIENTS: JSON.stringify([{ clientId: 'shop', secretHash, appIds: [APP_ONE] }]),
    }));
    forge = await Forge.at(server);
  });
  afterAll(() => server.close());

  const introspect = (token: string): Promise<Answer> =>
    server.request('POST', '/oauth/introspect', {
      rawBody: new URLSearchParams({ token, client_id: 'shop', client_secret: SECRET }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });

  describe('accepts', () => {
    // Whatever is refused below is refused for its difference from these.
    it.each(READS)('%s %s with a good token, its own or one of the tests', async (method, path) => {
      for (const token of [forge.mine.accessToken, forge.token(), forge.token({ nbf: 1 })]) {
        expect((await server.request(method, path, { token })).status).toBe(200);
      }
    });

    it('a sign-out with a good token of the tests', async () => {
      const another = await Forge.at(server);
      expect((await server.post('/v1/auth/logout', {}, { token: another.token() })).status).toBe(204);
      expectProblem(await server.get('/v1/auth/session', { token: another.token() }), 'SESSION_REVOKED');
    });

    it('and introspects a good token of the tests', async () => {
      expect((await introspect(forge.token())).body).toMatchObject({ active: true, client_id: APP_ONE });
    });
  });

  describe('refuses, on every route that has a guard, a token', () => {
    it.each(IN_HEADERS)('$name', async ({ token, code = 'ACCESS_TOKEN_INVALID' }) => {
      const headers = { authorization: `Bearer ${token(forge)}` };
      const answers = await Promise.all(READS.map(([method, path]) => server.request(method, path, { headers })));
      for (const answer of answers) expectProblem(answer, code);
      // Not before the others have refused it: what signs out here would make every later token a dead one.
      expectProblem(await server.post('/v1/auth/logout', {}, { headers }), code);
    });
  });

  describe('says inactive to a back end that asks about a token', () => {
    it.each(ATTACKS)('$name', async (attack) => {
      const token = attack.token(forge);
      const answer = await introspect(token);
      const isRefreshToken = token === forge.mine.refreshToken;
      if (isRefreshToken) expect(answer.body).not.toHaveProperty('client_secret');
      else expect([answer.status, answer.body]).toEqual([200, { active: false }]);
    });
  });

  describe('looks for an access token nowhere else:', () => {
    it.each<[string, (token: string) => Parameters<TestServer['request']>]>([
      ['in the query', (token) => ['GET', `/v1/auth/session?access_token=${token}&token=${token}`]],
      [
        'in a cookie',
        (token) => ['GET', '/v1/auth/session', { headers: { cookie: `wp_access=${token}; sid=${token}` } }],
      ],
      ['in X-Access-Token', (token) => ['GET', '/v1/auth/session', { headers: { 'x-access-token': token } }]],
      [
        'in Proxy-Authorization',
        (token) => ['GET', '/v1/auth/session', { headers: { 'proxy-authorization': `Bearer ${token}` } }],
      ],
      ['in Authentication', (token) => ['GET', '/v1/auth/session', { headers: { authentication: token, sid: token } }]],
      ['without its scheme', (token) => ['GET', '/v1/auth/session', { headers: { authorization: token } }]],
      ['as DPoP', (token) => ['GET', '/v1/auth/session', { headers: { authorization: `DPoP ${token}` } }]],
      [
        'as the password of Basic',
        (token) => [
          'GET',
          '/v1/auth/session',
          { headers: { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` } },
        ],
      ],
    ])('%s', async (_where, request) => {
      expectProblem(await server.request(...request(forge.token())), 'ACCESS_TOKEN_MISSING');
    });

    it('in a body', async () => {
      const token = forge.token();
      const form = `access_token=${token}`;
      const formType = { 'content-type': 'application/x-www-form-urlencoded' };
      for (const answer of [
        await server.post('/v1/auth/logout', { access_token: token }),
        await server.post('/v1/auth/logout', { refreshToken: token }),
        await server.post('/v1/auth/refresh', { refreshToken: token }),
        await server.request('POST', '/v1/auth/logout', { rawBody: form, headers: formType }),
      ]) {
        expect([400, 401]).toContain(answer.status);
      }
      expect((await server.get('/v1/auth/session', { token })).status).toBe(200);
    });
  });

  it('takes the app of a token from its session, so that nobody else’s back end may ask about it', async () => {
    const { body } = await server.signIn('two-apps', { appId: APP_TWO });
    const token = body.tokens.accessToken as string;
    const { body: principal } = await server.get('/v1/auth/session', { token });
    const rows = await server.sql('select app_id as "appId" from sessions where id = $1', [principal.sessionId]);
    expect(rows).toEqual([{ appId: APP_TWO }]);
    expect(principal.appId).toBe(APP_TWO);
    expect((await introspect(token)).body).toEqual({ active: false });
    // Even if the token claims to be of the app of that back end.
    const claimed = forge.token({ sid: principal.sessionId });
    expect((await introspect(claimed)).body).toEqual({ active: false });
  });

  it('asks the database at most once for a thousand tokens of keys that nobody knows', async () => {
    const counted = countStatements(dataSource);
    const tokens = Array.from({ length: 1000 }, () => forge.token({}, { kid: randomBytes(32).toString('base64url') }));
    const sent = await counted.during(async () => {
      for (let at = 0; at < tokens.length; at += 50) {
        const answers = await Promise.all(
          tokens.slice(at, at + 50).map((token) => server.get('/v1/auth/session', { token })),
        );
        for (const answer of answers) expectProblem(answer, 'ACCESS_TOKEN_INVALID');
      }
    });
    counted.stop();
    // One look at each of the two tables of keys, and the server's own poll of the feed.
    expect(sent.filter((text) => /(signing|secret)_keys/.test(text)).length).toBeLessThanOrEqual(2);
    expect(sent.filter((text) => !/(signing|secret)_keys|from revocations/.test(text))).toEqual([]);
  });

  it.each([64 * 1024, 1024 * 1024])('survives a key id of %i characters', async (length) => {
    const token = forge.token({}, { kid: 'x'.repeat(length) });
    const request = ['GET /v1/auth/session HTTP/1.1', 'host: passport.test', `authorization: Bearer ${token}`, '', ''];
    // It may hang up while the head is still being sent: nobody reads a head of this size to the end.
    const answer = await sendRaw(server.url, request.join('\r\n')).catch(() => null);
    if (answer) expect([400, 401, 431]).toContain(answer.status);
    const asked = await introspect(token);
    expect(asked.body).not.toHaveProperty('active', true);
    expect(asked.status).toBeLessThan(500);
    expect((await server.get('/v1/auth/session', { token: forge.token() })).status).toBe(200);
  });

  it('still accepts good tokens after all that', async () => {
    for (const [method, path] of READS) {
      expect((await server.request(method, path, { token: forge.token() })).status).toBe(200);
    }
  });
});

describe('an application that has only our guard', () => {
  let server: TestServer;
  let forge: Forge;
  beforeAll(async () => {
    ({ server } = await startProbe('by themselves'));
    forge = await Forge.at(server);
  });
  afterAll(() => server.close());

  const order = (token: string) =>
    server.get('/v1/business/own-guard', { headers: { authorization: `Bearer ${token}` } });

  it('accepts a good token', async () => {
    expect((await order(forge.mine.accessToken)).status).toBe(200);
    expect((await order(forge.token())).status).toBe(200);
    // Nobody else guards here.
    expect((await server.get('/v1/business/own-guard')).body.code).toBe('ACCESS_TOKEN_MISSING');
    expect((await server.get('/v1/business/undeclared')).status).toBe(500);
  });

  it.each(IN_HEADERS)('refuses a token $name', async ({ token, code = 'ACCESS_TOKEN_INVALID' }) => {
    expectProblem(await order(token(forge)), code);
  });
});
