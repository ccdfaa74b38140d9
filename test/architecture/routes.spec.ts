import { Controller, Get, Module, Patch, Post } from '@nestjs/common';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createHttpApp } from '../../src/configure-app.js';
import { createLogger } from '../../src/logging/logger.js';
import { declaredRoutes, nameOf, recordFastifyRoutes, type DeclaredRoute } from '../support/routes.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ACCESS_LEVELS = new Set<unknown>(['public', 'bearer', 'client', 'wechat']);

// The pages and the files of Swagger, which has no controllers; all of them without secrets and off in production.
const SWAGGER_PATHS = /^\/(docs(\/.*)?|docs-json|docs-yaml|openapi\.json)$/;

const withoutAccess = (routes: readonly DeclaredRoute[]) =>
  routes.filter(({ access }) => !ACCESS_LEVELS.has(access)).map(({ handler }) => handler);

// Nest answers 201 to a POST whose handler names no status.
const withoutStatus = (routes: readonly DeclaredRoute[]) =>
  routes
    .filter(({ method, httpCode }) => (method === 'POST' || method === 'PUT') && httpCode !== 200 && httpCode !== 204)
    .map(({ handler }) => handler);

const withForeignMethod = (routes: readonly DeclaredRoute[]) =>
  routes.filter(({ method }) => !['GET', 'POST', 'PUT', 'DELETE'].includes(method)).map(({ handler }) => handler);

describe('the routes of the server, the sandbox included', () => {
  let server: TestApp;
  let declared: DeclaredRoute[];
  let served: { method: string; path: string }[];

  beforeAll(async () => {
    const record = recordFastifyRoutes();
    server = await startTestApp({ WECHAT_SANDBOX: 'true' });
    record.stop();
    declared = declaredRoutes(server.app);
    served = record.of(server.app.getHttpAdapter().getInstance());
  });
  afterAll(() => server.close());

  it('are all seen by this walk: what Fastify serves is what the controllers declare, and Swagger', () => {
    const real = served.filter(({ method, path }) => method !== 'HEAD' && !SWAGGER_PATHS.test(path)).map(nameOf);
    expect(real.length).toBeGreaterThan(10);
    expect(declared.map(nameOf).toSorted()).toEqual(real.toSorted());
  });

  it('are answered by one handler each', () => {
    expect(new Set(declared.map(nameOf)).size).toBe(declared.length);
  });

  it('all say who may call them', () => {
    expect(withoutAccess(declared)).toEqual([]);
  });

  it('all answer 200 or 204 where Nest would answer 201', () => {
    expect(withoutStatus(declared)).toEqual([]);
  });

  it('use only methods that a mini-program can send', () => {
    expect(withForeignMethod(declared)).toEqual([]);
  });

  it('refuse a caller without an access token wherever they say bearer', async () => {
    const bearer = declared.filter(({ access }) => access === 'bearer');
    expect(bearer.length).toBeGreaterThan(1);
    const answers = await Promise.all(bearer.map((route) => callWithoutToken(server.url, route)));
    expect(answers).toEqual(
      bearer.map((route) => ({ route: nameOf(route), status: 401, code: 'ACCESS_TOKEN_MISSING', challenge: 'Bearer' })),
    );
  });

  it('refuse it on HEAD as well, which Fastify adds to every GET', async () => {
    const heads = declared.filter(({ access, method }) => access === 'bearer' && method === 'GET');
    const statuses = await Promise.all(heads.map((route) => fetch(urlOf(server.url, route), { method: 'HEAD' })));
    expect(statuses.map(({ status }) => status)).toEqual(heads.map(() => 401));
  });

  it('refuse a caller without credentials wherever they say client', async () => {
    const client = declared.filter(({ access }) => access === 'client');
    const answers = await Promise.all(client.map((route) => callWithoutToken(server.url, route)));
    expect(answers.map(({ route, status }) => `${route}: ${status}`)).toEqual(
      client.map((route) => `${nameOf(route)}: 401`),
    );
  });

  it('refuse a caller without WeChat’s signature wherever they say wechat', async () => {
    const signed = declared.filter(({ access }) => access === 'wechat');
    expect(signed.map(nameOf)).toEqual(['GET /v1/wechat/push/:appId', 'POST /v1/wechat/push/:appId']);
    const { appId } = SANDBOX_APPS[0]!;
    const calls = signed.map(({ method, path }) =>
      fetch(server.url + path.replace(':appId', appId), { method, ...(method === 'POST' ? { body: '{}' } : {}) }),
    );
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(signed.map(() => 403));
  });

  it('let anybody in wherever they say public, as far as access goes', async () => {
    const open = declared.filter(({ access, method }) => access === 'public' && method === 'GET');
    const statuses = await Promise.all(open.map((route) => fetch(urlOf(server.url, route))));
    expect(statuses.filter(({ status }) => status === 401)).toEqual([]);
  });
});

describe('the walk', () => {
  it('reports a route without a declaration, one that would answer 201, and one with PATCH', async () => {
    const app = await createHttpApp(ProbeModule, { logger: createLogger('silent'), trustProxyHops: 0 });
    await app.init();
    const routes = declaredRoutes(app);
    await app.close();
    expect(routes.map(nameOf)).toEqual(['GET /probe/open', 'POST /probe/created', 'PATCH /probe/patched']);
    expect(withoutAccess(routes)).toEqual([
      'ProbeController.open',
      'ProbeController.created',
      'ProbeController.patched',
    ]);
    expect(withoutStatus(routes)).toEqual(['ProbeController.created']);
    expect(withForeignMethod(routes)).toEqual(['ProbeController.patched']);
  });

  it('reports a route that went past the controllers', async () => {
    const record = recordFastifyRoutes();
    const app = await createHttpApp(ProbeModule, { logger: createLogger('silent'), trustProxyHops: 0 });
    record.stop();
    const fastify = app.getHttpAdapter().getInstance();
    fastify.get('/back-door', () => 'in');
    await app.init();
    const served = record.of(fastify).map(nameOf);
    await app.close();
    expect(served).toEqual(expect.arrayContaining(['GET /back-door', 'GET /probe/open']));
  });
});

@Controller('probe')
class ProbeController {
  @Get('open')
  open(): string {
    return 'anybody';
  }

  @Post('created')
  created(): string {
    return 'created';
  }

  @Patch('patched')
  patched(): string {
    return 'patched';
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}

async function callWithoutToken(url: string, route: DeclaredRoute) {
  const sendsBody = route.method === 'POST' || route.method === 'PUT';
  const response = await fetch(urlOf(url, route), {
    method: route.method,
    ...(sendsBody ? { headers: { 'content-type': 'application/json' }, body: '{}' } : {}),
  });
  const { code } = (await response.json()) as { code?: string };
  return {
    route: nameOf(route),
    status: response.status,
    code,
    challenge: response.headers.get('www-authenticate'),
  };
}

function urlOf(url: string, { path }: DeclaredRoute): string {
  return url + path.replace(/:\w+/g, '018f0000-0000-7000-8000-000000000000');
}
