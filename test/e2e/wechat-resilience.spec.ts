import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createLogger } from '../../src/logging/logger.js';
import { startSandbox } from '../../src/sandbox/start-sandbox.js';
import { IN_FLIGHT_MAX } from '../../src/wechat/app-gate.js';
import type { WechatCall } from '../../src/wechat/wechat-call.js';
import { WechatHttp } from '../../src/wechat/wechat-http.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { createTestDatabase, postgresIsThere, type TestDatabase } from '../support/test-database.js';
import { TestServer, type Answer } from '../support/test-server.js';
import { startWechatInstance } from '../support/wechat-instance.js';

const [APP_ONE, APP_TWO] = SANDBOX_APPS as [(typeof SANDBOX_APPS)[0], (typeof SANDBOX_APPS)[0]];

// What is not the limit itself: the server's own work and a busy machine.
const SLACK_MS = 500;

describe('the circuit breaker', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server.close());

  const breakerOf = async (appId: string): Promise<string | undefined> => {
    const { body } = await server.get('/metrics');
    return new RegExp(`wechat_breaker_state\\{app="${appId}"\\} (\\d)`).exec(body as string)?.[1];
  };

  it.each([
    ['fails to answer', { api: 'jscode2session', kind: 'status', status: 500, times: 10 } as const],
    ['is busy', { api: 'jscode2session', kind: 'errcode', errcode: -1, times: 10 } as const],
  ])('opens after WeChat %s ten times, for one app, and closes when it is back', async (_what, fault) => {
    server.wechat.fail(fault);
    server.wechat.clearCalls();
    for (let round = 0; round < 10; round += 1) expectProblem(await server.signIn('alice'), 'WECHAT_UNAVAILABLE');
    expect(server.wechat.calls()).toHaveLength(10);

    const refused = await server.signIn('alice');
    expectProblem(refused, 'WECHAT_UNAVAILABLE');
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(5);
    expect(server.wechat.calls()).toHaveLength(10);
    expect(await breakerOf(APP_ONE.appId)).toBe('2');

    expect((await server.signIn('alice', { appId: APP_TWO.appId })).status).toBe(200);
    expect(await breakerOf(APP_TWO.appId)).toBe('0');

    let answer: Answer;
    await eventually('WeChat is asked again', async () => (answer = await server.signIn('alice')).status !== 503, {
      withinMs: 8000,
    });
    expect(answer!.status).toBe(200);
    expect(await breakerOf(APP_ONE.appId)).toBe('0');
  });

  it('counts no refusal as a failure: WeChat is there', async () => {
    for (let round = 0; round < 12; round += 1) {
      expectProblem(await server.post('/v1/auth/wechat/login', { code: 'made-up' }), 'WECHAT_CODE_REJECTED');
    }
    expect((await server.signIn('alice')).status).toBe(200);
  });
});

describe('too many calls at once', () => {
  it('are refused at once, with a time to wait, and nobody else waits for them', async () => {
    const TIMEOUT_MS = 3000;
    const weixin = await startSandbox({ apps: SANDBOX_APPS, logger: createLogger('silent') });
    const { url, sandbox: wechat } = weixin;
    const instance = await startWechatInstance({ WECHAT_API_BASE_URL: url, WECHAT_TIMEOUT_MS: String(TIMEOUT_MS) });
    try {
      const http = instance.get(WechatHttp, { strict: false });
      wechat.fail({ api: 'jscode2session', kind: 'hang', times: 0 });
      const hanging = Array.from({ length: IN_FLIGHT_MAX }, () => http.send(loginCall()));
      const ends = Promise.allSettled(hanging);
      await eventually('all of them hang', () => wechat.calls().length === IN_FLIGHT_MAX);
      const began = performance.now();
      await expect(http.send(loginCall())).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE', retryAfterSeconds: 1 });
      expect(performance.now() - began).toBeLessThan(TIMEOUT_MS / 2);

      wechat.clearFaults();
      await expect(http.send(loginCall({ appId: APP_TWO.appId }))).resolves.toMatchObject({ errcode: 40013 });
      expect(new Set((await ends).map(({ status }) => status))).toEqual(new Set(['rejected']));
    } finally {
      await instance.close();
      await weixin.close();
    }
  });
});

describe('a call that cannot be made', () => {
  const TIMEOUT_MS = 1500;
  const SECRETS = { secret: 'CANARY-app-secret', js_code: 'CANARY-login-code', access_token: 'CANARY-access-token' };
  const CALL = loginCall({ query: SECRETS, body: { secret: 'CANARY-body' } });
  let wall: Wall;
  let database: TestDatabase | null = null;
  beforeAll(async () => {
    if (postgresIsThere) database = await createTestDatabase();
  });
  afterAll(async () => {
    await database?.drop();
  });
  beforeEach(async () => {
    wall = await Wall.start();
  });
  afterEach(() => wall.close());

  async function failureOf(url: string, call: WechatCall) {
    const environment = {
      WECHAT_API_BASE_URL: url,
      WECHAT_TIMEOUT_MS: String(TIMEOUT_MS),
      ...(database ? { DATABASE_URL: database.url } : {}),
    };
    const instance = await startWechatInstance(environment);
    const http = instance.get(WechatHttp, { strict: false });
    const began = performance.now();
    const error: unknown = await http.send(call).catch((thrown: unknown) => thrown);
    await instance.close();
    return { error, ms: performance.now() - began, logs: instance.logs.join('') };
  }

  it('because no connection comes about is tried once more, within the time of one call', async () => {
    const { error, ms } = await failureOf(`https://127.0.0.1:${wall.port}`, CALL);
    expect(error).toMatchObject({ code: 'WECHAT_UNAVAILABLE', context: { reason: 'ETIMEDOUT' } });
    expect(wall.connections).toBe(2);
    expect(ms).toBeLessThan(TIMEOUT_MS);
  });

  it('because no connection comes about is not tried again with a one-time code', async () => {
    const { error } = await failureOf(`https://127.0.0.1:${wall.port}`, { ...CALL, oneTime: true });
    expect(error).toMatchObject({ code: 'WECHAT_UNAVAILABLE', context: { reason: 'ETIMEDOUT' } });
    expect(wall.connections).toBe(1);
  });

  it('because the connection is cut once the request is out is not tried again, code or not', async () => {
    wall.onData = (socket) => socket.resetAndDestroy();
    const { error } = await failureOf(`http://127.0.0.1:${wall.port}`, CALL);
    expect(error).toMatchObject({ code: 'WECHAT_UNAVAILABLE', context: { reason: 'ECONNRESET' } });
    expect(wall.connections).toBe(1);
  });

  it('because there is no answer is given up in time and not tried again', async () => {
    const { error, ms } = await failureOf(`http://127.0.0.1:${wall.port}`, CALL);
    expect(error).toMatchObject({ code: 'WECHAT_UNAVAILABLE', context: { reason: 'TIMEOUT' } });
    expect(wall.connections).toBe(1);
    expect(ms).toBeLessThan(TIMEOUT_MS + SLACK_MS);
  });

  it.each<[string, ((socket: Socket) => void) | null, string]>([
    ['a refused connection', null, 'http://127.0.0.1:9'],
    ['a reset', (socket) => void socket.resetAndDestroy(), 'http'],
    [
      'an answer that is too long',
      (socket) => void socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(100_000)}`),
      'http',
    ],
    ['no HTTP at all', (socket) => void socket.end('CANARY'), 'http'],
    [
      'a redirect',
      (socket) => void socket.end('HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n'),
      'http',
    ],
    ['no answer', null, 'http'],
  ])('tells nothing of URL and body: %s', async (_what, onData, target) => {
    wall.onData = onData ?? (() => undefined);
    const url = target === 'http' ? `http://127.0.0.1:${wall.port}` : target;
    const { error, logs } = await failureOf(url, CALL);
    expect(error).toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
    // The whole of it, with what does not show in JSON: cause, stack, hidden fields.
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('CANARY');
    expect((error as Error).cause).toBeUndefined();
    expect(logs).toContain('"api":"code2session"');
    expect(logs).not.toContain('CANARY');
  });
});

function loginCall(other: Partial<WechatCall> = {}): WechatCall {
  return {
    api: 'code2session',
    appId: APP_ONE.appId,
    path: '/sns/jscode2session',
    query: { appid: 'x', secret: 'x' },
    ...other,
  };
}

/** Takes connections on the loopback address and says nothing, unless told otherwise. */
class Wall {
  connections = 0;
  onData: (socket: Socket) => void = () => undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('error', () => undefined).on('data', () => this.onData(socket));
    });
  }

  static async start(): Promise<Wall> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Wall(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
