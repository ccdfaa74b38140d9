import { DataSource } from 'typeorm';
import { OrdersModule } from '../../examples/business-controller/orders.module.js';
import { AppModule } from '../../src/app.module.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createHttpApp } from '../../src/configure-app.js';
import { createLogger } from '../../src/logging/logger.js';
import { startSandbox } from '../../src/sandbox/start-sandbox.js';
import { testServerOf } from './server-child.js';
import { createTestDatabase, onPostgres } from './test-database.js';
import { TEST_MASTER_KEY, type TestServer } from './test-server.js';

class Shop {}

/** The server with the shop of `examples/business-controller` beside it, as its README says. */
export async function startShop(environment: NodeJS.ProcessEnv = {}): Promise<TestServer> {
  const logger = createLogger('silent');
  const database = onPostgres ? await createTestDatabase() : null;
  const wechat = await startSandbox({ apps: SANDBOX_APPS, logger });
  const settings = loadSettings(
    {
      NODE_ENV: 'test',
      PUBLIC_URL: 'http://passport.test',
      MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
      WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
      WECHAT_API_BASE_URL: wechat.url,
      RATE_LIMIT: 'off',
      ...(database ? { DATABASE_URL: database.url } : {}),
      ...environment,
    },
    { inMemory: true },
  );
  const module = { module: Shop, imports: [AppModule.forRoot(settings, logger), OrdersModule] };
  const app = await createHttpApp(module, {
    logger,
    trustProxyHops: 0,
    accessCookie: settings.tokens.carriers.includes('cookie'),
    responseEnvelope: settings.server.responseEnvelope,
  });
  await app.listen(0, '127.0.0.1');
  const closeAll = async () => {
    await app.close();
    await wechat.close();
    await database?.drop();
  };
  return testServerOf({ url: await app.getUrl(), wechat: wechat.sandbox, dataSource: app.get(DataSource), closeAll });
}
