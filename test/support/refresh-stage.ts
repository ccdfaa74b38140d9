import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createLogger } from '../../src/logging/logger.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { startSandbox } from '../../src/sandbox/start-sandbox.js';
import { RefreshHttp } from './refresh-http.js';
import { ServerProcess } from './server-process.js';
import { startTestApp, type TestApp } from './test-app.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';
import { TEST_MASTER_KEY } from './test-server.js';

/**
 * One database and one WeChat, for as many servers as a test of the protocol needs, in this process or in others.
 *
 * They share a WeChat because Passport keeps its strategies in one place for the whole process: every server in it signs
 * in by the strategy of the one that was started last.
 */
export class RefreshStage {
  private readonly closing: (() => Promise<void>)[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly wechat: Sandbox,
    readonly http: RefreshHttp,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly closeLast: () => Promise<void>,
  ) {}

  /** @param environment variables for all of its servers */
  static async set(environment: NodeJS.ProcessEnv = {}): Promise<RefreshStage> {
    const database = await createTestDatabase();
    const wechat = await startSandbox({ apps: SANDBOX_APPS, logger: createLogger('silent') });
    const http = new RefreshHttp(database.url);
    const shared = {
      RATE_LIMIT: 'off',
      MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
      WECHAT_API_BASE_URL: wechat.url,
      ...environment,
    };
    return new RefreshStage(database, wechat.sandbox, http, shared, async () => {
      await http.close();
      await wechat.close();
      await database.drop();
    });
  }

  /** A server in this process, whose insides lie open. */
  async startApp(): Promise<TestApp> {
    const app = await startTestApp(this.environment, { database: this.database });
    this.closing.push(() => app.close());
    return app;
  }

  /** A server as it is deployed; answers where it listens. */
  async startProcess(): Promise<string> {
    const { process: server, url } = await ServerProcess.start({
      NODE_ENV: 'test',
      PORT: '0',
      PUBLIC_URL: 'http://passport.test',
      WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
      DATABASE_URL: this.database.url,
      ...this.environment,
    });
    this.closing.push(() => server.stop());
    return url;
  }

  async close(): Promise<void> {
    await Promise.all(this.closing.map((close) => close()));
    await this.closeLast();
  }
}
