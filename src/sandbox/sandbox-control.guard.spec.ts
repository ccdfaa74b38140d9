import { PassThrough } from 'node:stream';
import { createLogger } from '../logging/logger.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';

const APPS = [{ appId: 'wx1', secret: 'secret-one' }];
const CONTROL_TOKEN = 'control-token-of-this-test';

let running: RunningSandbox;
let log: string;

beforeAll(async () => {
  log = '';
  const destination = new PassThrough().on('data', (chunk: Buffer) => (log += chunk.toString()));
  const logger = createLogger('trace', destination);
  running = await startSandbox({ apps: APPS, controlToken: CONTROL_TOKEN, logger });
});
afterAll(() => running.close());

const call = (method: string, path: string, authorization?: string, body?: unknown) =>
  fetch(running.url + path, {
    method,
    headers: { ...(authorization ? { authorization } : {}), ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : null,
  });

async function exchange(code: string): Promise<{ openid?: string; session_key?: string; errcode?: number }> {
  const query = new URLSearchParams({ appid: 'wx1', secret: 'secret-one', js_code: code });
  const response = await call('GET', `/sns/jscode2session?${query}&grant_type=authorization_code`);
  return (await response.json()) as Awaited<ReturnType<typeof exchange>>;
}

describe('a sandbox with a control token', () => {
  it.each([
    ['POST', '/sandbox/users'],
    ['POST', '/sandbox/wx-login'],
    ['POST', '/sandbox/apps/wx1'],
    ['POST', '/sandbox/faults'],
    ['DELETE', '/sandbox/faults'],
    ['GET', '/sandbox/calls'],
    ['DELETE', '/sandbox/calls'],
    ['POST', '/sandbox/clock'],
  ])('refuses %s %s without the token', async (method, path) => {
    const response = await call(method, path);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'FORBIDDEN' });
  });

  it.each([
    ['another token', 'Bearer control-token-of-that-test'],
    ['the token without its scheme', CONTROL_TOKEN],
    ['the token in another scheme', `Basic ${CONTROL_TOKEN}`],
    ['a part of the token', 'Bearer control-token'],
    ['more than the token', `Bearer ${CONTROL_TOKEN} ${CONTROL_TOKEN}`],
    ['a scheme without a token', 'Bearer'],
  ])('refuses %s', async (_what, authorization) => {
    expect((await call('GET', '/sandbox/calls', authorization)).status).toBe(403);
  });

  it('obeys whoever carries it', async () => {
    const authorization = `Bearer ${CONTROL_TOKEN}`;
    const login = await call('POST', '/sandbox/wx-login', authorization, { user: 'alice' });
    expect(login.status).toBe(200);
    const { code } = (await login.json()) as { code: string };
    expect(await exchange(code)).toHaveProperty('openid');
    expect((await call('DELETE', '/sandbox/faults', `bearer ${CONTROL_TOKEN}`)).status).toBe(204);
  });

  it('answers WeChat calls without it, as WeChat does', async () => {
    expect(await exchange('unknown')).toMatchObject({ errcode: 40029 });
  });

  it('logs every request and no secret, code, session_key or token', async () => {
    const { code } = running.sandbox.wxLogin('alice');
    const { session_key } = await exchange(code);
    await exchange(code);
    await call('GET', `/sandbox/calls`, `Bearer ${CONTROL_TOKEN}`);
    expect(log).toContain('/sns/jscode2session');
    for (const secret of ['secret-one', code, session_key, CONTROL_TOKEN]) expect(log).not.toContain(secret);
  });
});
