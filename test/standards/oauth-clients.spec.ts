import { createHash } from 'node:crypto';
import { createRemoteJWKSet, errors as joseErrors, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { Client } from 'pg';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { freePort } from '../support/cli-run.js';
import { Forge } from '../support/signing-forge.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer } from '../support/test-server.js';

// With everything in it that a form and a header must escape.
const SECRET = 'a secret: with %, + and ü';
const CLIENT_ID = 'shop.back-end_1';
const [APP] = SANDBOX_APPS.map(({ appId }) => appId) as [string];

const client: oauth.Client = { client_id: CLIENT_ID };
const insecure = { [oauth.allowInsecureRequests]: true };

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** A server that knows its own address, as every issuer does. */
async function startIssuer(database?: TestDatabase): Promise<TestServer> {
  const PORT = await freePort();
  const secretHash = `sha256:${createHash('sha256').update(SECRET).digest('hex')}`;
  return TestServer.start(
    {
      PORT,
      PUBLIC_URL: `http://127.0.0.1:${PORT}`,
      OAUTH_CLIENTS: JSON.stringify([{ clientId: CLIENT_ID, secretHash, appIds: [APP] }]),
      RATE_LIMIT: 'off',
    },
    database ? { database } : {},
  );
}

async function discover(server: TestServer): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(server.url);
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  return oauth.processDiscoveryResponse(issuer, answer);
}

const signIn = async (server: TestServer, user: string) => (await server.signIn(user)).body.tokens as Tokens;

const ways = [
  ['client_secret_basic', oauth.ClientSecretBasic(SECRET)],
  ['client_secret_post', oauth.ClientSecretPost(SECRET)],
] as const;

describe('jose', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startIssuer();
  });
  afterAll(() => server.close());

  const verify = (token: string, options: Parameters<typeof jwtVerify>[2] = {}) =>
    jwtVerify(token, createRemoteJWKSet(new URL(`${server.url}/.well-known/jwks.json`)), {
      typ: 'at+jwt',
      algorithms: ['ES256'],
      issuer: server.url,
      audience: server.url,
      requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
      maxTokenAge: '2 hours',
      ...options,
    });

  it('verifies our access tokens by our published keys', async () => {
    const { accessToken } = await signIn(server, 'alice');
    const { payload } = await verify(accessToken);
    const { body } = await server.get('/v1/auth/session', { token: accessToken });
    expect(payload).toMatchObject({ sub: body.userId, sid: body.sessionId, client_id: APP, roles: [] });
  });

  it('refuses them for another issuer, another audience, another type, and changed', async () => {
    const { accessToken } = await signIn(server, 'alice');
    const claim = joseErrors.JWTClaimValidationFailed;
    await expect(verify(accessToken, { issuer: 'http://elsewhere.test' })).rejects.toBeInstanceOf(claim);
    await expect(verify(accessToken, { audience: 'http://elsewhere.test' })).rejects.toBeInstanceOf(claim);
    await expect(verify(accessToken, { typ: 'JWT' })).rejects.toBeInstanceOf(claim);
    const forge = await Forge.at(server);
    await expect(verify(forge.token({ exp: 1, iat: 0 }))).rejects.toBeInstanceOf(joseErrors.JWTExpired);
    await expect(verify(forge.token({}, { kid: 'A'.repeat(43) }))).rejects.toBeInstanceOf(joseErrors.JWKSNoMatchingKey);
    await expect(verify(forge.signedBy(() => Buffer.alloc(64)))).rejects.toBeInstanceOf(
      joseErrors.JWSSignatureVerificationFailed,
    );
  });
});

describe('oauth4webapi', () => {
  let server: TestServer;
  let as: oauth.AuthorizationServer;
  beforeAll(async () => {
    server = await startIssuer();
    as = await discover(server);
  });
  afterAll(() => server.close());

  it('discovers the endpoints and how to authenticate at them (RFC 8414)', () => {
    expect(as).toMatchObject({
      issuer: server.url,
      jwks_uri: `${server.url}/.well-known/jwks.json`,
      token_endpoint: `${server.url}/oauth/token`,
      introspection_endpoint: `${server.url}/oauth/introspect`,
      revocation_endpoint: `${server.url}/oauth/revoke`,
      grant_types_supported: ['refresh_token'],
    });
    const methods = ways.map(([method]) => method);
    expect(as.token_endpoint_auth_methods_supported).toEqual(methods);
  });

  describe.each(ways)('as a client that authenticates by %s', (_method, authentication) => {
    const refresh = async (refreshToken: string) => {
      const answer = await oauth.refreshTokenGrantRequest(as, client, authentication, refreshToken, insecure);
      return oauth.processRefreshTokenResponse(as, client, answer);
    };
    const introspect = async (token: string, hint?: string) => {
      const additionalParameters = { ...(hint ? { token_type_hint: hint } : {}) };
      const answer = await oauth.introspectionRequest(as, client, authentication, token, {
        additionalParameters,
        ...insecure,
      });
      return oauth.processIntrospectionResponse(as, client, answer);
    };
    const revoke = async (token: string) => {
      const answer = await oauth.revocationRequest(as, client, authentication, token, insecure);
      return oauth.processRevocationResponse(answer);
    };

    it('refreshes (RFC 6749 section 6), again and again', async () => {
      let { refreshToken } = await signIn(server, 'bob');
      for (let time = 0; time < 3; time += 1) {
        const result = await refresh(refreshToken);
        expect(result).toMatchObject({ token_type: 'bearer', expires_in: 7200 });
        expect((await server.get('/v1/auth/session', { token: result.access_token })).status).toBe(200);
        refreshToken = result.refresh_token!;
      }
    });

    it('validates what it got as an access token (RFC 9068)', async () => {
      const { accessToken } = await signIn(server, 'carol');
      const request = new Request('http://shop.test/', { headers: { authorization: `Bearer ${accessToken}` } });
      const claims = await oauth.validateJwtAccessToken(as, request, server.url, insecure);
      expect(claims).toMatchObject({ iss: server.url, client_id: APP });
      const elsewhere = oauth.validateJwtAccessToken(as, request.clone(), 'http://elsewhere.test', insecure);
      await expect(elsewhere).rejects.toThrow(/aud/);
    });

    it('introspects tokens of both kinds (RFC 7662), alive and dead', async () => {
      const { accessToken, refreshToken } = await signIn(server, 'dave');
      const access = await introspect(accessToken, 'access_token');
      expect(access).toMatchObject({ active: true, iss: server.url, aud: server.url, client_id: APP });
      const { sub, exp } = access;
      expect(exp).toBeGreaterThan(Date.now() / 1000);
      expect(await introspect(refreshToken, 'refresh_token')).toMatchObject({ active: true, sub, client_id: APP });
      expect(await introspect(accessToken, 'refresh_token')).toMatchObject({ active: true, sub });

      await revoke(refreshToken);
      expect(await introspect(accessToken)).toEqual({ active: false });
      expect(await introspect(refreshToken)).toEqual({ active: false });
    });

    it('revokes (RFC 7009), a token of either kind and one of nobody', async () => {
      for (const kind of ['accessToken', 'refreshToken'] as const) {
        const tokens = await signIn(server, 'erin');
        await expect(revoke(tokens[kind])).resolves.toBeUndefined();
        expect((await server.get('/v1/auth/session', { token: tokens.accessToken })).status).toBe(401);
        await expect(refresh(tokens.refreshToken)).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
      }
      await expect(revoke('of nobody')).resolves.toBeUndefined();
    });

    it('is told what went wrong (RFC 6749 section 5.2)', async () => {
      await expect(refresh('of nobody')).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
      const { refreshToken } = await signIn(server, 'frank');
      const wrong = await oauth.refreshTokenGrantRequest(
        as,
        client,
        oauth.ClientSecretPost('wrong'),
        refreshToken,
        insecure,
      );
      await expect(oauth.processRefreshTokenResponse(as, client, wrong)).rejects.toMatchObject({ status: 401 });
      const unknown = await oauth.genericTokenEndpointRequest(as, client, authentication, 'password', {}, insecure);
      await expect(oauth.processGenericTokenEndpointResponse(as, client, unknown)).rejects.toMatchObject({
        error: 'unsupported_grant_type',
        status: 400,
      });
      expect((await refresh(refreshToken)).access_token).toEqual(expect.any(String));
    });
  });

  it('is told to come back later when a duplicate is late, and goes on with what it has', async () => {
    const { refreshToken } = await signIn(server, 'grace');
    const one = await refreshBy(as, refreshToken);
    const two = await refreshBy(as, one.refresh_token!);
    await expectUnavailable(refreshBy(as, refreshToken));
    expect(await refreshBy(as, two.refresh_token!)).toMatchObject({ token_type: 'bearer' });
  });
});

describeOnPostgres('oauth4webapi, while the database does not answer', () => {
  let database: TestDatabase;
  let server: TestServer;
  let as: oauth.AuthorizationServer;
  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startIssuer(database);
    as = await discover(server);
  });
  afterAll(async () => {
    await server?.close();
    await database?.drop();
  });

  it('is told temporarily_unavailable, and the session survives', async () => {
    const { refreshToken } = await signIn(server, 'heidi');
    const other = new Client({ connectionString: database.url });
    await other.connect();
    try {
      await other.query('begin');
      await other.query('lock table sessions in access exclusive mode');
      await expectUnavailable(refreshBy(as, refreshToken));
    } finally {
      await other.end();
    }
    expect((await refreshBy(as, refreshToken)).refresh_token).toEqual(expect.any(String));
  });
});

async function refreshBy(as: oauth.AuthorizationServer, refreshToken: string): Promise<oauth.TokenEndpointResponse> {
  const answer = await oauth.refreshTokenGrantRequest(as, client, ways[0][1], refreshToken, insecure);
  return oauth.processRefreshTokenResponse(as, client, answer);
}

/** The library takes only 4xx for a word about the token; of anything else it hands over the answer itself. */
async function expectUnavailable(refreshing: Promise<unknown>): Promise<void> {
  const error: unknown = await refreshing.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: oauth.RESPONSE_IS_NOT_CONFORM, cause: { status: 503 } });
  const { cause } = error as { cause: Response };
  expect(await cause.json()).toMatchObject({ error: 'temporarily_unavailable' });
  expect(cause.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
}
