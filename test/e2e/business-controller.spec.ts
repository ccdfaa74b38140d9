import { Controller, Get, VersioningType, type CanActivate, type DynamicModule, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { OrdersModule } from '../../examples/business-controller/orders.module.js';
import { AppModule } from '../../src/app.module.js';
import { AuthModule } from '../../src/auth/auth.module.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import type { Settings } from '../../src/config/settings.js';
import { createHttpApp } from '../../src/configure-app.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { ProblemFilter } from '../../src/errors/problem.filter.js';
import { Public } from '../../src/http/access.decorator.js';
import { validationPipe } from '../../src/http/validation.pipe.js';
import { createLogger } from '../../src/logging/logger.js';
import { LoggingModule } from '../../src/logging/logging.module.js';
import { startSandbox, type RunningSandbox } from '../../src/sandbox/start-sandbox.js';
import { expectProblem } from '../support/problems.js';
import { claimsWith, openServerKey, signToken } from '../support/signing.js';
import { createTestDatabase, onPostgres, type TestDatabase } from '../support/test-database.js';
import { TEST_MASTER_KEY, type Answer } from '../support/test-server.js';

const SECRET = 'CANARY5e6d';

class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** What business code may also do: have a guard of its own, and break. */
@Public()
@Controller({ path: 'odd', version: '1' })
class OddController {
  @Get('refused')
  @UseGuards(NobodyGuard)
  refused(): string {
    return SECRET;
  }

  @Get('broken')
  broken(): string {
    throw new Error(SECRET);
  }
}

class Shop {}

type Compose = (settings: Settings, logger: Logger) => DynamicModule;

const besideTheServer: Compose = (settings, logger) => ({
  module: Shop,
  imports: [AppModule.forRoot(settings, logger), OrdersModule],
  controllers: [OddController],
});

/** Without AppModule there is no global guard: what protects the routes is the controller's own. */
const onItsOwn: Compose = (settings, logger) => ({
  module: Shop,
  imports: [
    ConfigModule.forRoot(settings),
    LoggingModule.forRoot(logger),
    DatabaseModule.forRoot(settings.database),
    AuthModule,
    OrdersModule,
  ],
  controllers: [OddController],
});

const onFastify = (module: DynamicModule, logger: Logger): Promise<INestApplication> =>
  createHttpApp(module, { logger, trustProxyHops: 0 });

/** As the example's README sets it up. */
async function onExpress(module: DynamicModule, logger: Logger): Promise<INestApplication> {
  const app = await NestFactory.create(module, new ExpressAdapter(), { logger: false, abortOnError: false });
  app.enableVersioning({ type: VersioningType.URI });
  app.useGlobalPipes(validationPipe);
  app.useGlobalFilters(new ProblemFilter(app.get(HttpAdapterHost), logger));
  return app;
}

describe.each([
  ['Fastify, beside the server', onFastify, besideTheServer],
  ['Express, beside the server', onExpress, besideTheServer],
  ['Express, without the server’s global guard', onExpress, onItsOwn],
])('a business controller on %s', (_name, create, compose) => {
  let sandbox: RunningSandbox;
  let database: TestDatabase | null;
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    const logger = createLogger('silent');
    sandbox = await startSandbox({ apps: SANDBOX_APPS, logger });
    database = onPostgres ? await createTestDatabase() : null;
    const settings = loadSettings(
      {
        NODE_ENV: 'test',
        PUBLIC_URL: 'http://passport.test',
        MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
        WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
        WECHAT_API_BASE_URL: sandbox.url,
        TOKEN_CARRIERS: 'bearer,sid,cookie',
        ...(database ? { DATABASE_URL: database.url } : {}),
      },
      { inMemory: true },
    );
    app = await create(compose(settings, logger), logger);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(async () => {
    await app.close();
    await sandbox.close();
    await database?.drop();
  });

  async function ask(method: string, path: string, token?: string, body?: string): Promise<Answer> {
    const headers: Record<string, string> = {};
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const response = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? '' : (JSON.parse(text) as unknown),
    };
  }

  async function signIn(user: string): Promise<{ userId: string; accessToken: string }> {
    const { code } = sandbox.sandbox.wxLogin(user);
    const { body } = await ask('POST', '/v1/auth/wechat/login', undefined, JSON.stringify({ code }));
    return { userId: body.user.id as string, accessToken: body.tokens.accessToken as string };
  }

  const sql = <Row>(text: string, values: unknown[] = []) => app.get(DataSource).query<Row[]>(text, values);

  it('lets a signed-in person in and is told who it is', async () => {
    const alice = await signIn('alice');
    const bob = await signIn('bob');
    const order = { userId: alice.userId, item: 'tea' };
    expect(await ask('POST', '/v1/orders', alice.accessToken, '{"item":"tea"}')).toMatchObject({
      status: 200,
      body: order,
    });
    expect(await ask('GET', '/v1/orders', alice.accessToken)).toMatchObject({ status: 200, body: [order] });
    expect(await ask('GET', '/v1/orders', bob.accessToken)).toMatchObject({ status: 200, body: [] });
  });

  it('refuses whoever has no token', async () => {
    expectProblem(await ask('GET', '/v1/orders'), 'ACCESS_TOKEN_MISSING');
    expectProblem(await ask('POST', '/v1/orders', undefined, '{"item":"tea"}'), 'ACCESS_TOKEN_MISSING');
    expectProblem(await ask('GET', '/v1/orders/all'), 'ACCESS_TOKEN_MISSING');
  });

  it('refuses a token that is not good', async () => {
    const { accessToken } = await signIn('alice');
    const cut = accessToken.slice(0, -4);
    for (const token of ['x', cut]) expectProblem(await ask('GET', '/v1/orders', token), 'ACCESS_TOKEN_INVALID');
  });

  it('refuses a token that has expired, or is for somebody else', async () => {
    const key = await openServerKey({ sql });
    const seconds = Math.floor(Date.now() / 1000);
    const token = (changes: Record<string, unknown>) => signToken(key, claimsWith(changes));
    expect((await ask('GET', '/v1/orders', await token({}))).status).toBe(200);
    expectProblem(await ask('GET', '/v1/orders', await token({ exp: seconds - 1 })), 'ACCESS_TOKEN_EXPIRED');
    expectProblem(await ask('GET', '/v1/orders', await token({ aud: 'http://shop.test' })), 'ACCESS_TOKEN_INVALID');
  });

  it('refuses the token of whoever has signed out', async () => {
    const { accessToken } = await signIn('carol');
    expect((await ask('GET', '/v1/orders', accessToken)).status).toBe(200);
    expect((await ask('POST', '/v1/auth/logout', accessToken, '{}')).status).toBe(204);
    expectProblem(await ask('GET', '/v1/orders', accessToken), 'SESSION_REVOKED');
  });

  it('takes the token from every carrier that is configured, from a cookie with JSON alone', async () => {
    const { accessToken } = await signIn('alice');
    const order = (headers: Record<string, string>, body: string) =>
      fetch(`${url}/v1/orders`, { method: 'POST', headers, body }).then(({ status }) => status);
    const json = { 'content-type': 'application/json' };
    const cookie = `wp_access=${accessToken}`;
    expect(await order({ ...json, sid: accessToken }, '{"item":"tea"}')).toBe(200);
    expect(await order({ ...json, cookie }, '{"item":"tea"}')).toBe(200);
    expect(await order({ ...json, cookie, sid: 'x' }, '{"item":"tea"}')).toBe(401);
    expect(await order({ ...json, authentication: accessToken }, '{"item":"tea"}')).toBe(401);
    expect([400, 403]).toContain(await order({ 'content-type': 'text/plain', cookie }, '{"item":"tea"}'));
  });

  it('lets only staff see what is for staff', async () => {
    const before = await signIn('dave');
    expectProblem(await ask('GET', '/v1/orders/all', before.accessToken), 'FORBIDDEN');

    await sql(`update users set roles = '{staff}' where id = $1`, [before.userId]);
    const after = await signIn('dave');
    expect((await ask('GET', '/v1/orders/all', after.accessToken)).status).toBe(200);

    await sql(`update users set roles = '{staffing,admin}' where id = $1`, [before.userId]);
    const other = await signIn('dave');
    expectProblem(await ask('GET', '/v1/orders/all', other.accessToken), 'FORBIDDEN');
  });

  it('shows everybody what is public', async () => {
    expect(await ask('GET', '/v1/orders/menu')).toMatchObject({ status: 200, body: ['tea', 'noodles'] });
    expect((await ask('GET', '/v1/orders/menu', 'x')).status).toBe(200);
  });

  it('has its bodies checked by the server’s rules', async () => {
    const { accessToken } = await signIn('alice');
    for (const body of [
      '{}',
      '{"item":7}',
      `{"item":"${'x'.repeat(41)}"}`,
      '{"item":"tea","userId":"somebody else"}',
      '{"item":"tea","__proto__":{"userId":"somebody else"}}',
      '{"item":"tea"',
      '[]',
      `{"item":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    ]) {
      expectProblem(await ask('POST', '/v1/orders', accessToken, body), 'VALIDATION_FAILED');
    }
  });

  it('answers in the words of the catalog where business code refuses or breaks', async () => {
    expectProblem(await ask('GET', '/v1/odd/refused'), 'FORBIDDEN');
    expectProblem(await ask('GET', '/v1/orders/of-nobody'), 'NOT_FOUND');
    const broken = await ask('GET', '/v1/odd/broken');
    expectProblem(broken, 'INTERNAL');
    expect(JSON.stringify(broken.body)).not.toContain(SECRET);
  });
});
