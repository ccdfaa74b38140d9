import { once } from 'node:events';
import { connect } from 'node:net';
import { createLogger } from '../logging/logger.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';

const APPS = [{ appId: 'wx1', secret: 'secret-one' }];
const CREDENTIALS = { appid: 'wx1', secret: 'secret-one' };

let running: RunningSandbox;

beforeEach(async () => {
  running = await startSandbox({ apps: APPS, logger: createLogger('silent') });
});
afterEach(() => running.close());

const login = () => running.sandbox.wxLogin('alice').code;

function ask(code: string, signal: AbortSignal | null = null): Promise<Response> {
  const query = new URLSearchParams({ ...CREDENTIALS, js_code: code, grant_type: 'authorization_code' });
  return fetch(`${running.url}/sns/jscode2session?${query}`, { signal });
}

function askToken(): Promise<Response> {
  return fetch(`${running.url}/cgi-bin/stable_token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...CREDENTIALS, grant_type: 'client_credential' }),
  });
}

async function expectSpent(code: string): Promise<void> {
  expect(await (await ask(code)).json()).toMatchObject({ errcode: 40163 });
}

async function arrivalOf(count: number): Promise<void> {
  while (running.sandbox.calls().length < count) await new Promise(setImmediate);
}

describe('a fault', () => {
  it('delay: sends the good answer late', async () => {
    running.sandbox.fail({ api: 'jscode2session', kind: 'delay', ms: 80 });
    const code = login();
    const began = performance.now();
    const answering = ask(code);
    await arrivalOf(1);
    await expectSpent(code);
    expect(await (await answering).json()).toHaveProperty('openid');
    expect(performance.now() - began).toBeGreaterThanOrEqual(75);
  });

  it('hang: spends the code and never answers', async () => {
    running.sandbox.fail({ api: 'jscode2session', kind: 'hang' });
    const code = login();
    await expect(ask(code, AbortSignal.timeout(80))).rejects.toThrow(/timeout/);
    await expectSpent(code);
    expect(running.sandbox.calls()).toMatchObject([{ errcode: 0 }, { errcode: 40163 }]);
  });

  it('reset: spends the code and cuts the connection', async () => {
    running.sandbox.fail({ api: 'jscode2session', kind: 'reset' });
    const code = login();
    await expect(ask(code)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    await expectSpent(code);
  });

  it('garbage: spends the code and answers bytes that are no JSON', async () => {
    running.sandbox.fail({ api: 'jscode2session', kind: 'garbage' });
    const code = login();
    const response = await ask(code);
    expect(response.status).toBe(200);
    const bytes = await response.arrayBuffer();
    expect(() => JSON.parse(new TextDecoder().decode(bytes))).toThrow(SyntaxError);
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow('not valid');
    await expectSpent(code);
  });

  it('html: answers the error page of a gateway', async () => {
    running.sandbox.fail({ api: 'jscode2session', kind: 'html' });
    const response = await ask(login());
    expect(response.status).toBe(502);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toContain('<html>');
  });

  it.each([200, 403, 500, 503])('status: answers %i without a body', async (status) => {
    running.sandbox.fail({ api: 'jscode2session', kind: 'status', status });
    const response = await ask(login());
    expect(response.status).toBe(status);
    expect(await response.text()).toBe('');
  });

  it.each([-1, 40029, 40163, 40164, 40226, 40243, 45011, 50007, 61003, 99999])(
    'errcode: answers %i and leaves the code good',
    async (errcode) => {
      running.sandbox.fail({ api: 'jscode2session', kind: 'errcode', errcode });
      const code = login();
      const response = await ask(code);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ errcode, errmsg: expect.stringMatching(/^\S.*, rid: /) });
      expect(await (await ask(code)).json()).toHaveProperty('openid');
      expect(running.sandbox.calls()).toMatchObject([{ errcode }, { errcode: 0 }]);
    },
  );

  it('errcode 0: is a success that names nobody', async () => {
    running.sandbox.fail({ api: 'jscode2session', kind: 'errcode', errcode: 0 });
    expect(await (await ask(login())).json()).toEqual({ errcode: 0, errmsg: 'ok' });
  });

  it('strikes once unless told otherwise', async () => {
    running.sandbox.fail({ api: 'jscode2session', kind: 'status', status: 500 });
    expect((await ask(login())).status).toBe(500);
    expect((await ask(login())).status).toBe(200);
  });

  it('strikes as often as it was told, oldest order first', async () => {
    running.sandbox.fail({ api: 'jscode2session', kind: 'status', status: 500, times: 2 });
    running.sandbox.fail({ api: 'jscode2session', kind: 'status', status: 503 });
    const statuses = [];
    for (let call = 0; call < 4; call += 1) statuses.push((await ask(login())).status);
    expect(statuses).toEqual([500, 500, 503, 200]);
  });

  it('strikes until cleared with 0 times', async () => {
    running.sandbox.fail({ api: 'jscode2session', kind: 'status', status: 500, times: 0 });
    for (let call = 0; call < 5; call += 1) expect((await ask(login())).status).toBe(500);
    running.sandbox.clearFaults();
    expect((await ask(login())).status).toBe(200);
  });

  it('strikes the call it was ordered for, or any', async () => {
    running.sandbox.fail({ api: 'stable_token', kind: 'status', status: 500 });
    running.sandbox.fail({ api: '*', kind: 'status', status: 503, times: 2 });
    expect((await ask(login())).status).toBe(503);
    expect((await askToken()).status).toBe(500);
    expect((await askToken()).status).toBe(503);
    expect((await askToken()).status).toBe(200);
  });
});

describe('closing the sandbox', () => {
  it('ends hung requests without an answer, and delayed ones with theirs', async () => {
    running.sandbox.fail({ api: 'jscode2session', kind: 'hang' });
    const hung = expect(ask(login())).rejects.toThrow('fetch failed');
    await arrivalOf(1);
    running.sandbox.fail({ api: 'jscode2session', kind: 'delay', ms: 60_000 });
    const delayed = ask(login());
    await arrivalOf(2);

    const began = performance.now();
    await running.close();
    await hung;
    expect(await (await delayed).json()).toHaveProperty('openid');
    expect(performance.now() - began).toBeLessThan(2000);
    await expect(ask('any')).rejects.toThrow('fetch failed');
  });

  it('does not wait for a connection that never carried a request', async () => {
    const socket = connect(Number(new URL(running.url).port), '127.0.0.1');
    await once(socket, 'connect');
    const began = performance.now();
    await running.close();
    expect(performance.now() - began).toBeLessThan(2000);
    socket.destroy();
  });
});
