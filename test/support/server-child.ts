import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createLogger } from '../../src/logging/logger.js';
import { startSandbox } from '../../src/sandbox/start-sandbox.js';
import { ServerProcess } from './server-process.js';
import type { TestDatabase } from './test-database.js';
import { TEST_MASTER_KEY, TestServer } from './test-server.js';

/** A `TestServer` whose application was started elsewhere: `url`, `wechat`, `dataSource` and `closeAll` of its fields. */
export function testServerOf(parts: object): TestServer {
  return Object.assign(Object.create(TestServer.prototype) as object, { logs: [], ...parts }) as unknown as TestServer;
}

/** Several servers on one database and one WeChat, each in a process of its own. */
export class ServerChildren {
  private constructor(
    private readonly database: Pick<TestDatabase, 'url' | 'query'>,
    private readonly wechat: Awaited<ReturnType<typeof startSandbox>>,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly children: TestServer[] = [],
  ) {}

  static async on(
    database: Pick<TestDatabase, 'url' | 'query'>,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<ServerChildren> {
    const wechat = await startSandbox({ apps: SANDBOX_APPS, logger: createLogger('silent') });
    return new ServerChildren(database, wechat, environment);
  }

  /** Starts one more, and returns when it is ready. */
  async start(environment: NodeJS.ProcessEnv = {}): Promise<TestServer> {
    const logs: string[] = [];
    const { process: child, url } = await ServerProcess.start(
      {
        NODE_ENV: 'test',
        PORT: '0',
        PUBLIC_URL: 'http://passport.test',
        MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
        WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
        WECHAT_API_BASE_URL: this.wechat.url,
        DATABASE_URL: this.database.url,
        DATABASE_POOL_SIZE: '8',
        RATE_LIMIT: 'off',
        DOCS: 'off',
        ...this.environment,
        ...environment,
      },
      (line) => void logs.push(JSON.stringify(line)),
    );
    const server = testServerOf({
      url,
      logs,
      wechat: this.wechat.sandbox,
      dataSource: { query: this.database.query },
      closeAll: () => child.stop(),
    });
    this.children.push(server);
    const ready = await server.get('/readyz');
    if (ready.status !== 200) throw new Error(`the server is not ready: ${JSON.stringify(ready.body)}`);
    return server;
  }

  async close(): Promise<void> {
    await Promise.all(this.children.map((child) => child.close()));
    await this.wechat.close();
  }
}
