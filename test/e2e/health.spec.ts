import { once } from 'node:events';
import { connect } from 'node:net';
import { runMigrations } from '../../src/database/migrate.js';
import { loadDatabaseSettings } from '../../src/config/load-settings.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { openConnection, sendRaw } from '../support/raw-http.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer } from '../support/test-server.js';

const LOGIN = '/v1/auth/wechat/login';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('a server in development', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server.close());

  it('is alive and ready', async () => {
    expect(await server.get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    const { status, body } = await server.get('/readyz');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'ok',
      details: { database: { status: 'up' }, migrations: { status: 'up' }, keys: { status: 'up' } },
    });
  });

  it('shows its metrics to Prometheus', async () => {
    await server.get('/healthz');
    await server.signIn('alice');
    const { status, headers, body } = await server.get('/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toMatch(/^process_cpu_seconds_total \d/m);
    expect(body).toMatch(/^wechat_call_seconds_count\{api="code2session",outcome="0"\} [1-9]/m);
    expect(body).toMatch(/^http_request_seconds_count\{method="GET",route="\/healthz",status="200"\} [1-9]/m);
  });

  it('counts requests by route, and never by what a caller wrote into a URL', async () => {
    await server.get('/v1/nobody-will-ever-name-a-route-so?code=x');
    const { body } = await server.get('/metrics');
    expect(body).toMatch(/^http_request_seconds_count\{.*status="404"\} [1-9]/m);
    expect(body).not.toContain('nobody-will-ever-name');
  });

  it('serves its documentation', async () => {
    const page = await server.get('/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.body).toContain('swagger');

    const { status, body } = await server.get('/openapi.json');
    expect(status).toBe(200);
    expect(body.openapi).toMatch(/^3\./);
    expect(Object.keys(body.paths as object)).toEqual(
      expect.arrayContaining([LOGIN, '/v1/auth/refresh', '/v1/auth/logout', '/v1/auth/session', '/v1/users/me']),
    );
  });

  it('serves the documentation’s own files, and nothing beside them', async () => {
    expect((await server.get('/docs/swagger-ui.css')).status).toBe(200);
    for (const path of [
      '../package.json',
      '../../package.json',
      '..%2f..%2fpackage.json',
      '%2e%2e/%2e%2e/package.json',
    ]) {
      const answer = await sendRaw(server.url, `GET /docs/${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    }
  });

  it('names the trace of every answer', async () => {
    const { accessToken } = (await server.signIn('alice')).body.tokens as { accessToken: string };
    const answers = [
      await server.get('/healthz'),
      await server.get('/readyz'),
      await server.get('/metrics'),
      await server.get('/docs'),
      await server.get('/.well-known/jwks.json'),
      await server.get('/v1/auth/session', { token: accessToken }),
      await server.get('/nowhere'),
      await server.get('/%zz'),
      await server.get('/v1/users/me'),
      await server.post(LOGIN, {}),
      await server.post(LOGIN, 'x'.repeat(66_000)),
      await fetch(`${server.url}/healthz`, { method: 'HEAD' }),
      await server.post('/v1/auth/logout', {}, { token: accessToken }),
    ];
    expect(answers.at(-1)!.status).toBe(204);
    const traces = answers.map(({ headers }) => headers.get('x-trace-id'));
    for (const trace of traces) expect(trace).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(traces).size).toBe(answers.length);
  });

  it('continues the trace of a caller', async () => {
    for (const path of ['/healthz', '/nowhere', '/v1/users/me', '/%zz']) {
      const { headers } = await server.get(path, { headers: { traceparent: `00-${TRACE}-${PARENT}-01` } });
      expect(headers.get('x-trace-id')).toBe(TRACE);
    }
  });

  it.each([
    ['zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['a short one', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['an invalid version', `ff-${TRACE}-${PARENT}-01`],
    ['text', 'x'],
    ['something behind it', `00-${TRACE}-${PARENT}-01-<script>`],
  ])('starts a trace of its own when the caller sends %s', async (_what, traceparent) => {
    const { headers } = await server.get('/healthz', { headers: { traceparent } });
    expect(headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(headers.get('x-trace-id')).not.toBe(TRACE);
  });

  it('tells caches to keep nothing but the public keys', async () => {
    const { body, headers } = await server.signIn('alice');
    expect(headers.get('cache-control')).toBe('no-store');
    const me = await server.get('/v1/users/me', { token: body.tokens.accessToken as string });
    expect(me.headers.get('cache-control')).toBe('no-store');
    expect((await server.get('/nowhere')).headers.get('cache-control')).toBe('no-store');
    const keys = await server.get('/.well-known/jwks.json');
    expect(keys.headers.get('cache-control')).toMatch(/^public, max-age=[1-9]/);
  });
});

describe('a server with METRICS_TOKEN and without documentation', () => {
  const METRICS_TOKEN = 'a-token-for-prometheus';
  let server: TestServer;
  let closed = false;
  beforeAll(async () => {
    server = await TestServer.start({ METRICS_TOKEN, DOCS: 'false' });
  });
  afterAll(async () => {
    if (!closed) await server.close();
  });

  it('shows its metrics to whoever has the token', async () => {
    expect((await server.get('/metrics', { token: METRICS_TOKEN })).status).toBe(200);
  });

  it.each([
    ['no token', {}],
    ['another token', { token: 'b-token-for-prometheus' }],
    ['the beginning of the token', { token: METRICS_TOKEN.slice(0, -1) }],
    ['the token and more', { token: `${METRICS_TOKEN}x` }],
    ['the token without its scheme', { headers: { authorization: METRICS_TOKEN } }],
  ])('refuses %s: FORBIDDEN', async (_what, options) => {
    expectProblem(await server.get('/metrics', options), 'FORBIDDEN');
  });

  it('asks for no token elsewhere', async () => {
    expect((await server.get('/healthz')).status).toBe(200);
    expect((await server.get('/readyz')).status).toBe(200);
  });

  it.each(['/docs', '/docs/', '/docs/swagger-ui.css', '/openapi.json', '/docs-json', '/docs-yaml'])(
    'has no %s',
    async (path) => {
      expectProblem(await server.get(path), 'NOT_FOUND');
    },
  );

  // The last one: from here on the server is gone.
  it('answers what is in flight before it stops, and takes nothing new', async () => {
    const { code } = server.wechat.wxLogin('alice');
    server.wechat.clearCalls();
    server.wechat.fail({ api: 'jscode2session', kind: 'delay', ms: 600 });
    const body = JSON.stringify({ code });
    const head = `POST ${LOGIN} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
    const connection = openConnection(server.url);
    connection.socket.write(`${head}\r\n\r\n${body}`);
    await eventually('the code reaches WeChat', () => server.wechat.calls().length === 1);

    const began = performance.now();
    closed = true;
    const closing = server.close();
    await eventually('no new connection is taken', () => isRefused(server.url));
    const [signedIn, ...more] = await connection.answers();
    await closing;

    expect(signedIn).toMatchObject({ status: 200, body: { status: 'signed_in' } });
    // A gateway learns from it that this connection is not for another request.
    expect(signedIn!.headers.get('connection')).toBe('close');
    expect(more).toEqual([]);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

describeOnPostgres('a server on a database without migrations', () => {
  let database: TestDatabase;
  let server: TestServer;
  beforeAll(async () => {
    database = await createTestDatabase({ migrated: false });
    server = await TestServer.start({}, { database });
  });
  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  it('lives, is not ready, and names the command in its answer and in its log', async () => {
    expect((await server.get('/healthz')).status).toBe(200);
    const answer = await server.get('/readyz');
    expectProblem(answer, 'SERVICE_UNAVAILABLE');
    expect(answer.body.detail).toContain('npm run migration:run');
    expect(server.logs.filter((line) => line.includes('npm run migration:run')).length).toBeGreaterThan(0);
  });

  it('answers SERVICE_UNAVAILABLE to whoever wants something', async () => {
    expectProblem(await server.signIn('alice'), 'SERVICE_UNAVAILABLE');
    expectProblem(await server.get('/.well-known/jwks.json'), 'SERVICE_UNAVAILABLE');
    const refreshToken = Buffer.alloc(41).toString('base64url');
    expectProblem(await server.post('/v1/auth/refresh', { refreshToken }), 'SERVICE_UNAVAILABLE');
  });

  // The last one: from here on the database is migrated.
  it('becomes ready by itself within 5 s after the migrations', async () => {
    await runMigrations(loadDatabaseSettings({ DATABASE_URL: database.url }));
    await eventually('ready', async () => (await server.get('/readyz')).status === 200, { withinMs: 5000 });
    expect((await server.signIn('alice')).status).toBe(200);
    expect((await server.get('/.well-known/jwks.json')).status).toBe(200);
  });
});

async function isRefused(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}
