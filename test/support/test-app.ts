import { randomBytes } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { loadSettings } from '../../src/config/load-settings.js';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createLogger } from '../../src/logging/logger.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { startSandbox } from '../../src/sandbox/start-sandbox.js';
import { startServer } from '../../src/start-server.js';
import { createTestDatabase, onPostgres, type TestDatabase } from './test-database.js';

/** A whole server in this process whose insides lie open, for tests that look at them. Others use `TestServer`. */
export interface TestApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly dataSource: DataSource;
  readonly wechat: Sandbox;
  close(): Promise<void>;
}

/** Starts one, as `TestServer` does. */
export async function startTestApp(
  environment: NodeJS.ProcessEnv = {},
  { database, postgres = onPostgres }: { database?: TestDatabase; postgres?: boolean } = {},
): Promise<TestApp> {
  const logger = createLogger('silent');
  const own = !database && postgres ? await createTestDatabase() : null;
  const databaseUrl = (database ?? own)?.url;
  const wechat = await startSandbox({ apps: SANDBOX_APPS, logger });
  const settings = loadSettings(
    {
      NODE_ENV: 'test',
      PORT: '0',
      PUBLIC_URL: 'http://passport.test',
      MASTER_KEYS: `test:${randomBytes(32).toString('base64')}`,
      WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
      WECHAT_API_BASE_URL: wechat.url,
      DATABASE_POOL_SIZE: '8',
      RATE_LIMIT: 'off',
      ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
      ...environment,
    },
    { inMemory: true },
  );
  const server = await startServer(settings, logger);
  return {
    app: server.app,
    url: server.url,
    dataSource: server.app.get(DataSource),
    wechat: wechat.sandbox,
    close: async () => {
      await server.close();
      await wechat.close();
      await own?.drop();
    },
  };
}
