import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { calculateJwkThumbprint, createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import type { Pool } from 'pg';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { withClockAt } from '../support/native/clock.mjs';
import { expectProblem } from '../support/problems.js';
import { assembleToken, claimsWith, openServerKey, signToken, type ServerKey } from '../support/signing.js';
import { TestServer } from '../support/test-server.js';

const SESSION = '/v1/auth/session';
const ME = '/v1/users/me';
const HOUR = 3600;
const now = () => Math.floor(Date.now() / 1000);

let server: TestServer;
let key: ServerKey;
let tokens: { accessToken: string; refreshToken: string };
beforeAll(async () => {
  server = await TestServer.start();
  key = await openServerKey(server);
  tokens = (await server.signIn('alice')).body.tokens;
});
afterAll(() => server.close());

describe('an access token', () => {
  // Proves that whatever is refused below is refused for its difference from this one.
  it('signed by the test with the server’s key is a good one', async () => {
    const claims = claimsWith();
    const answer = await server.get(SESSION, { token: await signToken(key, claims) });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      userId: claims.sub,
      sessionId: claims['sid'],
      appId: claims['client_id'],
      roles: [],
      issuedAt: new Date(claims.iat! * 1000).toISOString(),
      expiresAt: new Date(claims.exp! * 1000).toISOString(),
    });
  });

  it('is accepted however the scheme is spelled', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ']) {
      const headers = { authorization: `${scheme} ${tokens.accessToken}` };
      expect((await server.get(SESSION, { headers })).status).toBe(200);
    }
  });

  it.each<[string, Record<string, unknown>]>([
    ['of another issuer', { iss: 'http://elsewhere.test' }],
    ['whose issuer only begins like ours', { iss: 'http://passport.test/' }],
    ['whose issuer is a list', { iss: ['http://passport.test'] }],
    ['without issuer', { iss: undefined }],
    ['for another audience', { aud: 'http://elsewhere.test' }],
    ['for a list of other audiences', { aud: ['http://elsewhere.test', 'wechat-passport'] }],
    ['without audience', { aud: undefined }],
    ['that is not valid yet', { nbf: now() + HOUR }],
    ['that never expires', { exp: undefined }],
    ['whose expiry is text', { exp: String(now() + HOUR) }],
    ['whose expiry is no whole number', { exp: now() + HOUR + 0.5 }],
    ['without time of issue', { iat: undefined }],
    ['without id', { jti: undefined }],
    ['without user', { sub: undefined }],
    ['whose user is no id of ours', { sub: 'alice' }],
    ['without session', { sid: undefined }],
    ['whose session is a number', { sid: 1 }],
    ['without app', { client_id: undefined }],
    ['whose app is empty', { client_id: '' }],
    ['without roles', { roles: undefined }],
    ['whose roles are text', { roles: 'admin' }],
    ['whose roles are not all text', { roles: ['staff', 1] }],
  ])('%s is ACCESS_TOKEN_INVALID', async (_what, changes) => {
    const token = await signToken(key, claimsWith(changes));
    expectProblem(await server.get(SESSION, { token }), 'ACCESS_TOKEN_INVALID');
  });

  it('that has expired is ACCESS_TOKEN_EXPIRED', async () => {
    const token = await signToken(key, claimsWith({ iat: now() - HOUR - 1, exp: now() - 1 }));
    expectProblem(await server.get(SESSION, { token }), 'ACCESS_TOKEN_EXPIRED');
  });

  it('that has expired for somebody else’s audience is ACCESS_TOKEN_EXPIRED or ACCESS_TOKEN_INVALID, never good', async () => {
    const token = await signToken(key, claimsWith({ aud: 'http://elsewhere.test', exp: now() - 1 }));
    const answer = await server.get(SESSION, { token });
    expect(answer.body.code).toMatch(/^ACCESS_TOKEN_(EXPIRED|INVALID)$/);
    expectProblem(answer, answer.body.code as 'ACCESS_TOKEN_EXPIRED' | 'ACCESS_TOKEN_INVALID');
  });

  it('is refused from the second of its expiry on, also when it was verified before', async () => {
    const exp = now() + HOUR;
    const token = await signToken(key, claimsWith({ exp }));
    expect((await server.get(SESSION, { token })).status).toBe(200);
    await withClockAt(exp * 1000 - 1, async () => expect((await server.get(SESSION, { token })).status).toBe(200));
    await withClockAt(exp * 1000, async () =>
      expectProblem(await server.get(SESSION, { token }), 'ACCESS_TOKEN_EXPIRED'),
    );
  });

  it.each([
    ['JWT', 'JWT'],
    ['of no type', undefined],
    ['id_token', 'id_token+jwt'],
    ['of our type in other letters', 'AT+JWT'],
    ['of our type as a media type', 'application/at+jwt'],
  ])('%s is ACCESS_TOKEN_INVALID', async (_what, typ) => {
    const token = await signToken(key, claimsWith(), { typ: typ as string });
    expectProblem(await server.get(SESSION, { token }), 'ACCESS_TOKEN_INVALID');
  });

  it.each<[string, Record<string, unknown>]>([
    ['a critical extension', { crit: ['exp'], exp: now() + HOUR }],
    ['an unencoded payload', { b64: true }],
    ['a content type', { cty: 'JWT' }],
    ['a certificate URL', { x5u: 'http://127.0.0.1:9/' }],
    ['a key URL', { jku: 'http://127.0.0.1:9/' }],
    ['no key id', { kid: undefined }],
    ['the key id of nobody', { kid: 'A'.repeat(43) }],
    ['a key id that is a path', { kid: '../../../../../../../../../dev/null' }],
    ['a key id that is a number', { kid: 1 }],
  ])('whose header has %s is ACCESS_TOKEN_INVALID', async (_what, extra) => {
    const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid, ...extra };
    const input = assembleToken(header, claimsWith()).slice(0, -1);
    const signature = sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
    const token = `${input}.${signature.toString('base64url')}`;
    expectProblem(await server.get(SESSION, { token }), 'ACCESS_TOKEN_INVALID');
  });

  it('signed with a foreign key is ACCESS_TOKEN_INVALID, under our key id, under its own, and with the key brought along', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = publicKey.export({ format: 'jwk' });
    const kid = await calculateJwkThumbprint(jwk);
    const foreign = [
      await signToken({ kid: key.kid, privateKey }),
      await signToken({ kid, privateKey }),
      await signToken({ kid, privateKey }, claimsWith(), { jwk: jwk }),
    ];
    for (const token of foreign) expectProblem(await server.get(SESSION, { token }), 'ACCESS_TOKEN_INVALID');
  });

  it.each(['none', 'None', 'NONE', 'nOnE'])('unsigned, alg %s, is ACCESS_TOKEN_INVALID', async (alg) => {
    for (const signature of ['', 'x']) {
      const token = assembleToken({ alg, typ: 'at+jwt', kid: key.kid }, claimsWith(), signature);
      expectProblem(await server.get(SESSION, { token }), 'ACCESS_TOKEN_INVALID');
    }
  });

  it('with an empty or a zero signature is ACCESS_TOKEN_INVALID', async () => {
    for (const signature of [Buffer.alloc(0), Buffer.alloc(64)]) {
      const token = assembleToken({ alg: 'ES256', typ: 'at+jwt', kid: key.kid }, claimsWith(), signature);
      expectProblem(await server.get(SESSION, { token }), 'ACCESS_TOKEN_INVALID');
    }
  });

  it('signed by HS256 with the public key as the secret is ACCESS_TOKEN_INVALID', async () => {
    const publicKey = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' });
    const secrets = [
      publicKey.export({ format: 'pem', type: 'spki' }),
      publicKey.export({ format: 'der', type: 'spki' }),
      JSON.stringify(key.publicJwk),
    ];
    for (const secret of secrets) {
      const input = assembleToken({ alg: 'HS256', typ: 'at+jwt', kid: key.kid }, claimsWith()).slice(0, -1);
      const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
      expectProblem(await server.get(SESSION, { token }), 'ACCESS_TOKEN_INVALID');
    }
  });

  it('changed anywhere is ACCESS_TOKEN_INVALID', async () => {
    const [header, payload, signature] = tokens.accessToken.split('.') as [string, string, string];
    const admin = { ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), roles: ['admin'] };
    const changed = [
      [header, Buffer.from(JSON.stringify(admin)).toString('base64url'), signature],
      [header, payload, flip(signature)],
      [header, payload, signature.slice(0, -2)],
      [header, payload, `${signature}=`],
      [header, payload, signature, signature],
      [header, payload],
      [`${header}=`, payload, signature],
    ];
    for (const parts of changed) {
      expectProblem(await server.get(SESSION, { token: parts.join('.') }), 'ACCESS_TOKEN_INVALID');
    }
    expect((await server.get(SESSION, { token: tokens.accessToken })).status).toBe(200);
  });

  it('over 4 kB is ACCESS_TOKEN_INVALID, though well signed', async () => {
    const fits = await signToken(key, claimsWith({ roles: ['x'.repeat(1000)] }));
    const tooLong = await signToken(key, claimsWith({ roles: ['x'.repeat(3000)] }));
    expect((await server.get(SESSION, { token: fits })).status).toBe(200);
    expectProblem(await server.get(SESSION, { token: tooLong }), 'ACCESS_TOKEN_INVALID');
  });
});

describe('a token in the place of the other', () => {
  it('a refresh token is no access token', async () => {
    expectProblem(await server.get(SESSION, { token: tokens.refreshToken }), 'ACCESS_TOKEN_INVALID');
  });

  it('an access token is no refresh token', async () => {
    const answer = await server.post('/v1/auth/refresh', { refreshToken: tokens.accessToken });
    expectProblem(answer, 'REFRESH_TOKEN_INVALID');
  });

  it('an access token in the body signs nobody out', async () => {
    const answer = await server.post('/v1/auth/logout', { refreshToken: tokens.accessToken });
    expectProblem(answer, 'REFRESH_TOKEN_INVALID');
    expect((await server.get(SESSION, { token: tokens.accessToken })).status).toBe(200);
  });
});

describe('a request without an access token', () => {
  it.each<[string, Record<string, string>]>([
    ['no Authorization', {}],
    ['an empty one', { authorization: '' }],
    ['the scheme alone', { authorization: 'Bearer' }],
    ['the scheme and a space', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic YWxpY2U6eA==' }],
    ['a token in a header of another name', { 'x-access-token': 'x' }],
    ['a token in a cookie', { cookie: 'access_token=x' }],
  ])('%s: ACCESS_TOKEN_MISSING', async (_what, headers) => {
    expectProblem(await server.get(SESSION, { headers }), 'ACCESS_TOKEN_MISSING');
  });

  it('a token in the URL is not looked at', async () => {
    const { accessToken } = tokens;
    expectProblem(await server.get(`${SESSION}?access_token=${accessToken}`), 'ACCESS_TOKEN_MISSING');
  });

  it('a good token without its scheme, or with something behind it, lets nobody in', async () => {
    const { accessToken } = tokens;
    const headers = [accessToken, `Token ${accessToken}`, `Bearer ${accessToken} x`, `Bearer ${accessToken},Bearer x`];
    for (const authorization of headers) {
      const answer = await server.get(SESSION, { headers: { authorization } });
      expect(answer.body.code).toMatch(/^ACCESS_TOKEN_(MISSING|INVALID)$/);
      expectProblem(answer, answer.body.code as 'ACCESS_TOKEN_MISSING' | 'ACCESS_TOKEN_INVALID');
    }
  });

  it.each([
    'Bearer x',
    'Bearer ...',
    'Bearer e30.e30.',
    'Bearer "quoted"',
    'Bearer Bearer',
    `Bearer ${'x'.repeat(9000)}`,
  ])('%.24s: ACCESS_TOKEN_INVALID', async (authorization) => {
    expectProblem(await server.get(SESSION, { headers: { authorization } }), 'ACCESS_TOKEN_INVALID');
  });
});

describe('the published keys', () => {
  it('verify a token of the server, in the hands of another library', async () => {
    const jwks = (await server.get('/.well-known/jwks.json')).body as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(tokens.accessToken, createLocalJWKSet(jwks), {
      typ: 'at+jwt',
      algorithms: ['ES256'],
      issuer: 'http://passport.test',
      audience: 'http://passport.test',
    });
    const { status, body } = await server.get(SESSION, { token: tokens.accessToken });
    expect(status).toBe(200);
    expect(payload.sub).toBe(body.userId);
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: key.kid });
  });

  it('are named by their thumbprint and keep their private half', async () => {
    const answer = await server.get('/.well-known/jwks.json');
    const { keys } = answer.body as JSONWebKeySet;
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/(jwk-set\+)?json/);
    expect(keys.map((jwk) => jwk.kid)).toContain(key.kid);
    for (const jwk of keys) {
      expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
      expect(jwk).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
      expect(jwk.kid).toBe(await calculateJwkThumbprint(jwk, 'sha256'));
    }
    expect(new Set(keys.map((jwk) => jwk.kid)).size).toBe(keys.length);
  });

  it('are there before they sign', async () => {
    const { keys } = (await server.get('/.well-known/jwks.json')).body as JSONWebKeySet;
    const [next] = await server.sql<{ kid: string }>(`select kid from signing_keys where status = 'next'`);
    expect(keys.map((jwk) => jwk.kid)).toContain(next!.kid);
  });
});

describe('the access token of a sign-in', () => {
  const [app] = SANDBOX_APPS;

  it('says who, in which session and app, from when to when, and nothing else', async () => {
    const { body } = await server.signIn('bob', { appId: app!.appId });
    const before = now();
    const payload = JSON.parse(Buffer.from(body.tokens.accessToken.split('.')[1] as string, 'base64url').toString());
    expect(payload).toEqual({
      iss: 'http://passport.test',
      aud: 'http://passport.test',
      sub: body.user.id,
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      jti: expect.stringMatching(/^.{16,}$/),
      iat: expect.any(Number),
      exp: payload.iat + body.tokens.expiresIn,
      client_id: app!.appId,
      roles: [],
    });
    expect(Math.abs(payload.iat - before)).toBeLessThanOrEqual(5);
    expect(decodeProtectedHeader(body.tokens.accessToken as string)).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: key.kid,
    });
  });

  it('carries an id of its own', async () => {
    const { body } = await server.signIn('bob');
    const next = await server.post('/v1/auth/refresh', { refreshToken: body.tokens.refreshToken });
    const ids = [body.tokens, next.body].map(({ accessToken }: { accessToken: string }) => {
      const { jti, sid } = JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString());
      return { jti, sid };
    });
    expect(ids[1]!.jti).not.toBe(ids[0]!.jti);
    expect(ids[1]!.sid).toBe(ids[0]!.sid);
  });
});

describe('GET /v1/auth/session', () => {
  const REQUESTS = 40;

  it('makes no query, for a token it knows and for one it never saw', async () => {
    const known = Array<string>(REQUESTS).fill(tokens.accessToken);
    const neverSeen = await Promise.all(known.map(() => signToken(key)));
    expect(await queriesOf(SESSION, known)).toBeLessThan(REQUESTS / 4);
    expect(await queriesOf(SESSION, neverSeen)).toBeLessThan(REQUESTS / 4);
    // Proves that the counter counts.
    expect(await queriesOf(ME, known)).toBeGreaterThanOrEqual(REQUESTS);
  });

  /** How often a connection was taken from the pool meanwhile. Background work of the server may take one or two. */
  async function queriesOf(path: string, accessTokens: readonly string[]): Promise<number> {
    const pool = (server['dataSource'].driver as unknown as { master: Pool }).master;
    let taken = 0;
    const count = () => (taken += 1);
    pool.on('acquire', count);
    try {
      for (const token of accessTokens) expect((await server.get(path, { token })).status).toBe(200);
    } finally {
      pool.off('acquire', count);
    }
    return taken;
  }
});

function flip(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  bytes[10] = bytes[10]! ^ 1;
  return bytes.toString('base64url');
}
