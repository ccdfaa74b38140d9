import { createLogger } from '../logging/logger.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';

const ONE = { appId: 'wx1', secret: 'secret-one', openPlatform: 'platform' };
const TWO = { appId: 'wx2', secret: 'secret-two' };
const APPS = [ONE, TWO];

let running: RunningSandbox;

beforeAll(async () => {
  running = await startSandbox({ apps: APPS, logger: createLogger('silent') });
});
beforeEach(() => {
  running.sandbox.clearFaults();
  running.sandbox.clearCalls();
});
afterAll(() => running.close());

/** The fields of every answer; a test reads those that its call promises. */
interface Body {
  readonly id: string;
  readonly openids: Readonly<Record<string, string>>;
  readonly code: string;
  readonly openid?: string;
  readonly unionid?: string;
  readonly session_key?: string;
  readonly calls: readonly unknown[];
  readonly now: string;
}

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body | null }> {
  const response = await fetch(running.url + path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : (JSON.parse(text) as Body) };
}

async function exchange(code: string, app: typeof TWO = ONE): Promise<Body> {
  const query = new URLSearchParams({ appid: app.appId, secret: app.secret, js_code: code });
  return (await call('GET', `/sns/jscode2session?${query}&grant_type=authorization_code`)).body!;
}

describe('POST /sandbox/users', () => {
  it('makes a user and tells the openid in every app', async () => {
    const { status, body } = await call('POST', '/sandbox/users', { id: 'alice' });
    expect(status).toBe(200);
    expect(body).toEqual({ id: 'alice', openids: { wx1: expect.any(String), wx2: expect.any(String) } });
    expect(await call('POST', '/sandbox/users', { id: 'alice' })).toEqual({ status, body });
    const { code } = (await call('POST', '/sandbox/wx-login', { user: 'alice' })).body!;
    expect((await exchange(code)).openid).toBe(body!.openids.wx1);
  });

  it('finds an id of its own, another one each time', async () => {
    const first = await call('POST', '/sandbox/users', {});
    const second = await call('POST', '/sandbox/users');
    expect(first.body!.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(second.body!.id).not.toBe(first.body!.id);
  });

  it('sets whether the user is blocked or has a unionid', async () => {
    await call('POST', '/sandbox/users', { id: 'mallory', blocked: true });
    await call('POST', '/sandbox/users', { id: 'erin', unionid: false });
    const mallory = await call('POST', '/sandbox/wx-login', { user: 'mallory' });
    const erin = await call('POST', '/sandbox/wx-login', { user: 'erin' });
    expect(await exchange(mallory.body!.code)).toMatchObject({ errcode: 40226 });
    expect(await exchange(erin.body!.code)).not.toHaveProperty('unionid');
  });
});

describe('POST /sandbox/wx-login', () => {
  it('gives a code for the first app, or for the one that is named', async () => {
    const first = await call('POST', '/sandbox/wx-login', { user: 'somebody-new' });
    expect(first).toEqual({ status: 200, body: { code: expect.stringMatching(/^[A-Za-z0-9]{32}$/), expiresIn: 300 } });
    expect(await exchange(first.body!.code, ONE)).toHaveProperty('openid');
    const second = await call('POST', '/sandbox/wx-login', { user: 'somebody-new', appId: 'wx2' });
    expect(await exchange(second.body!.code, TWO)).toHaveProperty('openid');
  });

  it('refuses an app that does not exist', async () => {
    const { status, body } = await call('POST', '/sandbox/wx-login', { user: 'alice', appId: 'wx9' });
    expect([status, body!.code]).toEqual([400, 'WECHAT_APP_UNKNOWN']);
  });
});

describe('POST /sandbox/apps/:appId', () => {
  it('binds an app and unbinds it again', async () => {
    const unionid = async () => {
      const { body } = await call('POST', '/sandbox/wx-login', { user: 'alice', appId: 'wx2' });
      return (await exchange(body!.code, TWO)).unionid;
    };
    expect(await unionid()).toBeUndefined();
    expect(await call('POST', '/sandbox/apps/wx2', { openPlatform: 'platform' })).toEqual({
      status: 200,
      body: { appId: 'wx2', openPlatform: 'platform' },
    });
    expect(await unionid()).toEqual(expect.any(String));
    expect((await call('POST', '/sandbox/apps/wx2', { openPlatform: null })).status).toBe(200);
    expect(await unionid()).toBeUndefined();
  });

  it('refuses an app that does not exist', async () => {
    const { status, body } = await call('POST', '/sandbox/apps/wx9', { openPlatform: null });
    expect([status, body!.code]).toEqual([400, 'WECHAT_APP_UNKNOWN']);
  });
});

describe('/sandbox/faults', () => {
  it('answers the faults in force, and ends them', async () => {
    await call('POST', '/sandbox/faults', { api: '*', kind: 'delay', ms: 5, times: 0 });
    const { status, body } = await call('POST', '/sandbox/faults', {
      api: 'stable_token',
      kind: 'errcode',
      errcode: -1,
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      faults: [
        { api: '*', kind: 'delay', ms: 5, timesLeft: null },
        { api: 'stable_token', kind: 'errcode', errcode: -1, timesLeft: 1 },
      ],
    });
    expect(await call('DELETE', '/sandbox/faults')).toEqual({ status: 204, body: null });
    expect(running.sandbox.faultsInForce()).toEqual([]);
  });

  it.each(['hang', 'garbage', 'html', 'reset'])('orders a %s', async (kind) => {
    const { body } = await call('POST', '/sandbox/faults', { api: 'jscode2session', kind, times: 3 });
    expect(body).toEqual({ faults: [{ api: 'jscode2session', kind, timesLeft: 3 }] });
  });

  it('spoils the next call', async () => {
    await call('POST', '/sandbox/faults', { api: 'jscode2session', kind: 'errcode', errcode: 45011 });
    const code = running.sandbox.wxLogin('alice').code;
    expect(await exchange(code)).toMatchObject({ errcode: 45011 });
    expect(await exchange(code)).toHaveProperty('openid');
  });
});

describe('/sandbox/calls', () => {
  it('lists what arrived, by whom and how it ended, and nothing secret', async () => {
    const { code } = running.sandbox.wxLogin('alice');
    const { session_key } = await exchange(code);
    await exchange(code, { appId: 'secret-one', secret: 'wx1' });
    await call('POST', '/cgi-bin/stable_token', {});
    const { status, body } = await call('GET', '/sandbox/calls');
    expect(status).toBe(200);
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(body).toEqual({
      calls: [
        { api: 'jscode2session', appId: 'wx1', at, errcode: 0 },
        { api: 'jscode2session', appId: null, at, errcode: 40013 },
        { api: 'stable_token', appId: null, at, errcode: 41002 },
      ],
    });
    for (const secret of ['secret-one', code, session_key]) expect(JSON.stringify(body)).not.toContain(secret);
  });

  it('filters by call, and forgets when told', async () => {
    await exchange('unknown');
    await call('POST', '/cgi-bin/stable_token', {});
    const { body } = await call('GET', '/sandbox/calls?api=stable_token');
    expect(body!.calls).toMatchObject([{ api: 'stable_token' }]);
    expect(await call('DELETE', '/sandbox/calls')).toEqual({ status: 204, body: null });
    expect((await call('GET', '/sandbox/calls')).body).toEqual({ calls: [] });
  });

  it('keeps the last 10,000', () => {
    for (let index = 0; index < 10_003; index += 1) {
      running.sandbox.call('jscode2session', index < 3 ? {} : { appid: 'wx1' });
    }
    const calls = running.sandbox.calls();
    expect(calls).toHaveLength(10_000);
    expect(calls[0]).toMatchObject({ appId: 'wx1' });
  });
});

describe('POST /sandbox/clock', () => {
  it('makes time pass', async () => {
    const { code } = running.sandbox.wxLogin('alice');
    const before = running.sandbox.now();
    const { status, body } = await call('POST', '/sandbox/clock', { advanceSeconds: 300 });
    expect(status).toBe(200);
    expect(Date.parse(body!.now)).toBeGreaterThanOrEqual(before + 300_000);
    expect(await exchange(code)).toMatchObject({ errcode: 40029 });
  });
});

describe('the control routes', () => {
  it.each([
    ['POST', '/sandbox/users', { id: 'not an id' }],
    ['POST', '/sandbox/users', { id: '' }],
    ['POST', '/sandbox/users', { id: 'a'.repeat(65) }],
    ['POST', '/sandbox/users', { blocked: 'yes' }],
    ['POST', '/sandbox/users', { openid: 'o1' }],
    ['POST', '/sandbox/wx-login', {}],
    ['POST', '/sandbox/wx-login', { user: 'alice\n' }],
    ['POST', '/sandbox/wx-login', { user: 'alice', appId: 7 }],
    ['POST', '/sandbox/apps/wx1', {}],
    ['POST', '/sandbox/apps/wx1', { openPlatform: '' }],
    ['POST', '/sandbox/faults', { kind: 'hang' }],
    ['POST', '/sandbox/faults', { api: 'getpaidunionid', kind: 'hang' }],
    ['POST', '/sandbox/faults', { api: '*', kind: 'fire' }],
    ['POST', '/sandbox/faults', { api: '*', kind: 'delay' }],
    ['POST', '/sandbox/faults', { api: '*', kind: 'delay', ms: null }],
    ['POST', '/sandbox/faults', { api: '*', kind: 'delay', ms: 60_001 }],
    ['POST', '/sandbox/faults', { api: '*', kind: 'errcode' }],
    ['POST', '/sandbox/faults', { api: '*', kind: 'errcode', errcode: 1.5 }],
    ['POST', '/sandbox/faults', { api: '*', kind: 'status' }],
    ['POST', '/sandbox/faults', { api: '*', kind: 'status', status: 100 }],
    ['POST', '/sandbox/faults', { api: '*', kind: 'hang', times: -1 }],
    ['GET', '/sandbox/calls?api=getpaidunionid', undefined],
    ['POST', '/sandbox/clock', {}],
    ['POST', '/sandbox/clock', { advanceSeconds: -1 }],
  ])('refuse %s %s %j', async (method, path, body) => {
    const answer = await call(method, path, body);
    expect(answer.status).toBe(400);
    expect(answer.body!.code).toBe('VALIDATION_FAILED');
  });

  it('take at most 1000 faults', () => {
    const order = () => running.sandbox.fail({ api: '*', kind: 'hang' });
    for (let count = 0; count < 1000; count += 1) order();
    expect(order).toThrow('VALIDATION_FAILED');
    expect(running.sandbox.faultsInForce()).toHaveLength(1000);
  });
});
