import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { loadSettings } from '../../src/config/load-settings.js';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createLogger } from '../../src/logging/logger.js';
import { startSandbox, type RunningSandbox } from '../../src/sandbox/start-sandbox.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { startServer } from '../../src/start-server.js';
import { createTestDatabase, onPostgres, type TestDatabase } from './test-database.js';

/** What an answer of the server was. `body` is the parsed JSON, or the text of another type. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests state what they expect of it
  readonly body: any;
}

export interface RequestOptions {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly rawBody?: string | Buffer;
  readonly headers?: Record<string, string>;
}

/** A whole server in this process, with a WeChat of its own, spoken to over HTTP. */
export class TestServer {
  private constructor(
    readonly url: string,
    readonly wechat: Sandbox,
    readonly logs: string[],
    private readonly dataSource: DataSource,
    private readonly closeAll: () => Promise<void>,
  ) {}

  /**
   * Starts one. On PostgreSQL it gets a fresh database unless one is given.
   *
   * @param environment variables beside those every test server has
   */
  static async start(
    environment: NodeJS.ProcessEnv = {},
    { database, postgres = onPostgres }: { database?: TestDatabase; postgres?: boolean } = {},
  ): Promise<TestServer> {
    const logs: string[] = [];
    const logger = createLogger('trace', { write: (line: string) => void logs.push(line) });
    const own = !database && postgres ? await createTestDatabase() : null;
    const databaseUrl = (database ?? own)?.url;
    const sandbox: RunningSandbox = await startSandbox({ apps: SANDBOX_APPS, logger: createLogger('silent') });
    const closeOthers = async (): Promise<void> => {
      await sandbox.close();
      await own?.drop();
    };
    const given = {
      NODE_ENV: 'test',
      PORT: '0',
      PUBLIC_URL: 'http://passport.test',
      MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
      WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
      WECHAT_API_BASE_URL: sandbox.url,
      DATABASE_POOL_SIZE: '8',
      RATE_LIMIT: 'off',
      ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
      ...environment,
    };
    try {
      const server = await startServer(loadSettings(given, { inMemory: true }), logger);
      return new TestServer(server.url, sandbox.sandbox, logs, server.app.get(DataSource), async () => {
        await server.close();
        await closeOthers();
      });
    } catch (error) {
      await closeOthers();
      throw error;
    }
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { token, body, rawBody, headers = {} } = options;
    const sent: Record<string, string> = { ...headers };
    if (token !== undefined) sent['authorization'] = `Bearer ${token}`;
    if (body !== undefined) sent['content-type'] ??= 'application/json';
    const payload = body === undefined ? rawBody : JSON.stringify(body);
    const response = await fetch(this.url + path, {
      method,
      headers: sent,
      redirect: 'manual',
      ...(payload === undefined ? {} : { body: payload as string }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: json ? (JSON.parse(text) as unknown) : text };
  }

  get(path: string, options?: RequestOptions): Promise<Answer> {
    return this.request('GET', path, options);
  }

  post(path: string, body?: unknown, options?: RequestOptions): Promise<Answer> {
    return this.request('POST', path, { body, ...options });
  }

  /** Plays the phone of a WeChat user and signs in. */
  async signIn(user: string, extra: Record<string, unknown> = {}): Promise<Answer> {
    const { code } = this.wechat.wxLogin(user, extra['appId'] as string | undefined);
    return this.post('/v1/auth/wechat/login', { code, ...extra });
  }

  /** Runs SQL on the server's database. */
  async sql<Row = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.dataSource.query<Row[]>(text, values);
  }

  close(): Promise<void> {
    return this.closeAll();
  }
}

export const TEST_MASTER_KEY = randomBytes(32).toString('base64');
