import { createLogger } from '../logging/logger.js';
import { Sandbox } from './sandbox.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';
import type { WechatAnswer } from './wechat-answer.js';

const APPS = [
  { appId: 'wx1', secret: 'secret-one' },
  { appId: 'wx2', secret: 'secret-two' },
];
const GOOD = { grant_type: 'client_credential', appid: 'wx1', secret: 'secret-one' };

// 2026-03-01 00:00 in Beijing.
const MIDNIGHT = Date.UTC(2026, 1, 28, 16);

describe('POST /cgi-bin/stable_token', () => {
  let running: RunningSandbox;

  beforeEach(async () => {
    running = await startSandbox({ apps: APPS, logger: createLogger('silent') });
  });
  afterEach(() => running.close());

  async function ask(body: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`${running.url}/cgi-bin/stable_token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    return (await response.json()) as Record<string, unknown>;
  }

  it('answers a token for two hours', async () => {
    expect(await ask(GOOD)).toEqual({ access_token: expect.stringMatching(/^[\w-]{100,512}$/), expires_in: 7200 });
  });

  it.each([
    ['no body', 41002, undefined],
    ['a body that is no object', 41002, 'text'],
    ['no appid', 41002, { ...GOOD, appid: undefined }],
    ['no secret', 41004, { ...GOOD, secret: undefined }],
    ['an unknown appid', 40013, { ...GOOD, appid: 'nobody' }],
    ['a wrong secret', 40125, { ...GOOD, secret: 'secret-two' }],
    ['a secret that is no text', 41004, { ...GOOD, secret: 1 }],
    ['another grant_type', 40002, { ...GOOD, grant_type: 'authorization_code' }],
  ])('refuses %s with %i', async (_what, errcode, body) => {
    expect(await ask(body)).toEqual({ errcode, errmsg: expect.stringMatching(/, rid: /) });
  });

  it('gives the same token again, with the time it has left, and another one to another app', async () => {
    const first = await ask(GOOD);
    running.sandbox.advance(1000);
    const again = await ask(GOOD);
    expect(again['access_token']).toBe(first['access_token']);
    expect(again['expires_in']).toBeGreaterThan(6190);
    expect(again['expires_in']).toBeLessThanOrEqual(6200);
    const other = await ask({ ...GOOD, appid: 'wx2', secret: 'secret-two' });
    expect(other['access_token']).not.toBe(first['access_token']);
  });

  it.each(['application/x-www-form-urlencoded', 'text/plain; charset=utf-8', ''])(
    'reads JSON that is labelled as %j, as WeChat does, and the control routes do not',
    async (label) => {
      const send = (path: string, body: unknown) =>
        fetch(running.url + path, {
          method: 'POST',
          headers: label === '' ? {} : { 'content-type': label },
          body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
        });
      expect(await (await send('/cgi-bin/stable_token', GOOD)).json()).toHaveProperty('access_token');
      expect(await (await send('/cgi-bin/stable_token', 'appid=wx1')).json()).toMatchObject({ errcode: 41002 });
      expect((await send('/sandbox/wx-login', { user: 'alice' })).status).toBe(400);
    },
  );

  it('makes a new token on force_refresh, which is then the one that everybody gets', async () => {
    const first = await ask(GOOD);
    const forced = await ask({ ...GOOD, force_refresh: true });
    expect(forced['access_token']).not.toBe(first['access_token']);
    expect(await ask({ ...GOOD, force_refresh: false })).toMatchObject({ access_token: forced['access_token'] });
    expect(await ask({ ...GOOD, force_refresh: true })).toMatchObject({ errcode: 45009 });
    expect(await ask(GOOD)).toMatchObject({ access_token: forced['access_token'] });
  });
});

describe('the life of a stable token', () => {
  let now = MIDNIGHT;
  let sandbox: Sandbox;

  beforeEach(() => {
    now = MIDNIGHT;
    sandbox = new Sandbox(APPS, () => now);
  });

  const ask = (force_refresh = false): WechatAnswer => sandbox.call('stable_token', { ...GOOD, force_refresh }).answer;

  it('ends five minutes before the token does', () => {
    const first = ask();
    now += 6_899_999;
    expect(ask()).toEqual({ ...first, expires_in: 300 });
    now += 1;
    const next = ask();
    expect(next['access_token']).not.toBe(first['access_token']);
    expect(next['expires_in']).toBe(7200);
  });

  it('can be cut short every 30 seconds', () => {
    expect(ask(true)).toHaveProperty('access_token');
    now += 29_999;
    expect(ask(true)).toMatchObject({ errcode: 45009 });
    now += 1;
    expect(ask(true)).toHaveProperty('access_token');
  });

  it('can be cut short 20 times a day, counted from midnight in Beijing and for every app alone', () => {
    for (let time = 0; time < 20; time += 1) {
      expect(ask(true)).toHaveProperty('access_token');
      now += 30_000;
    }
    expect(ask(true)).toMatchObject({ errcode: 45009 });
    const other = { ...GOOD, appid: 'wx2', secret: 'secret-two', force_refresh: true };
    expect(sandbox.call('stable_token', other).answer).toHaveProperty('access_token');
    now = MIDNIGHT + 86_399_999;
    expect(ask(true)).toMatchObject({ errcode: 45009 });
    now += 1;
    expect(ask(true)).toHaveProperty('access_token');
  });
});
