import { Agent } from 'node:http';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createLogger } from '../../src/logging/logger.js';
import { startSandbox, type RunningSandbox } from '../../src/sandbox/start-sandbox.js';
import { send } from '../support/chaos-http.js';
import { eventually } from '../support/eventually.js';
import { ServerProcess, type LogLine } from '../support/server-process.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TEST_MASTER_KEY } from '../support/test-server.js';

const WORKERS = 2;
// Enough that both workers get some: the primary process hands connections out in turn.
const CONNECTIONS = 12;
const WECHAT_MS = 1500;
const LIMIT_MS = 120_000;

describeOnPostgres('several workers', () => {
  let database: TestDatabase;
  let wechat: RunningSandbox;
  const lines: LogLine[] = [];
  const started: ServerProcess[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    wechat = await startSandbox({ apps: SANDBOX_APPS, logger: createLogger('silent') });
  }, LIMIT_MS);
  afterAll(async () => {
    started.forEach((server) => server.kill('SIGKILL'));
    await wechat?.close();
    await database?.drop();
  });

  const start = async (environment: NodeJS.ProcessEnv = {}) => {
    const running = await ServerProcess.start(
      {
        NODE_ENV: 'test',
        PORT: '0',
        WORKERS: String(WORKERS),
        PUBLIC_URL: 'http://passport.test',
        MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
        WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
        WECHAT_API_BASE_URL: wechat.url,
        DATABASE_URL: database.url,
        DATABASE_POOL_SIZE: '4',
        RATE_LIMIT: 'off',
        DOCS: 'off',
        ...environment,
      },
      (line) => lines.push(line),
    );
    started.push(running.process);
    return running;
  };
  const workers = () => lines.filter(({ msg }) => msg === 'worker listening').map(({ worker }) => worker as number);
  /** Over a connection of its own. */
  const ask = (method: string, url: string, body?: unknown, token?: string) =>
    send(method, url, {
      body,
      token,
      agent: new Agent({ keepAlive: false }),
      withinMs: 15_000,
      onSent: () => undefined,
    });
  const askAll = (url: string, token?: string) =>
    Promise.all(Array.from({ length: CONNECTIONS }, () => ask('GET', url, undefined, token)));

  it(
    'serve one port, count together, agree on who is signed out, are replaced, and stop as one',
    async () => {
      const { process: server, url } = await start();
      await eventually('all have said so', () => workers().length === WORKERS);

      await askAll(`${url}/healthz`);
      const metrics = await askAll(`${url}/metrics`);
      const counted = metrics.map(
        ({ text }) => /http_request_seconds_count{.*route="\/healthz".*} (\d+)/.exec(text)?.[1],
      );
      expect(counted).toEqual(Array(CONNECTIONS).fill(String(CONNECTIONS)));

      const { code } = wechat.sandbox.wxLogin('worker-customer');
      const signedIn = await ask('POST', `${url}/v1/auth/wechat/login`, { code });
      const { accessToken } = (JSON.parse(signedIn.text) as { tokens: { accessToken: string } }).tokens;
      const session = `${url}/v1/auth/session`;
      expect((await askAll(session, accessToken)).map(({ status }) => status)).toEqual(Array(CONNECTIONS).fill(200));
      expect((await ask('POST', `${url}/v1/auth/logout`, {}, accessToken)).status).toBe(204);
      await eventually(
        'all workers refuse',
        async () => (await askAll(session, accessToken)).every(({ status }) => status === 401),
        { withinMs: 3000 },
      );

      const [victim] = workers();
      process.kill(victim!, 'SIGKILL');
      await eventually('a third worker', () => workers().length === WORKERS + 1, { withinMs: 30_000 });
      expect((await askAll(`${url}/readyz`)).map(({ status }) => status)).toEqual(Array(CONNECTIONS).fill(200));

      wechat.sandbox.fail({ api: 'jscode2session', kind: 'delay', ms: WECHAT_MS, times: CONNECTIONS });
      const slow = Array.from({ length: CONNECTIONS }, (_, index) => {
        const minted = wechat.sandbox.wxLogin(`slow-${index}`);
        return ask('POST', `${url}/v1/auth/wechat/login`, { code: minted.code });
      });
      await eventually('WeChat asked for all', () => wechat.sandbox.faultsInForce().length === 0);
      server.kill('SIGTERM');
      expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(Array(CONNECTIONS).fill(200));
      expect(await server.exited).toEqual({ code: 0, signal: null });
      const alive = workers().filter((pid) => isRunning(pid));
      expect(alive).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'that cannot start end the server, with the reason',
    async () => {
      // Another master key than the one that sealed this database's keys.
      const MASTER_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;
      await expect(start({ MASTER_KEYS })).rejects.toThrow(/MASTER_KEYS: master key "test" does not open/);
    },
    LIMIT_MS,
  );
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
