import { WechatCaller } from '../../test/support/wechat-caller.js';
import { createLogger } from '../logging/logger.js';
import { Sandbox } from './sandbox.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';

const ONE = { appId: 'wx1', secret: 'secret-one' };
const TWO = { appId: 'wx2', secret: 'secret-two' };
const CREDENTIALS = { grant_type: 'client_credential', appid: 'wx1', secret: 'secret-one' };

// 2026-03-01 00:00 in Beijing.
const MIDNIGHT = Date.UTC(2026, 1, 28, 16);

describe('the quotas of WeChat', () => {
  let now: number;
  let sandbox: Sandbox;

  beforeEach(() => {
    now = MIDNIGHT;
    sandbox = new Sandbox([ONE, TWO], () => now);
  });

  const askToken = (credentials = CREDENTIALS) => sandbox.call('stable_token', credentials).answer.errcode;

  it('lets an app ask for a token 10,000 times a minute', () => {
    const answers = Array.from({ length: 10_001 }, () => askToken());
    expect(answers.slice(0, 10_000)).toEqual(Array(10_000).fill(undefined));
    expect(answers[10_000]).toBe(45011);
    expect(askToken({ ...CREDENTIALS, appid: 'wx2', secret: 'secret-two' })).toBeUndefined();
    now += 60_000;
    expect(askToken()).toBeUndefined();
  });

  it('counts no call that was refused', () => {
    sandbox.setQuota('stable_token', { minute: 1, day: null });
    expect(askToken({ ...CREDENTIALS, secret: 'wrong' })).toBe(40125);
    expect(askToken()).toBeUndefined();
    expect(askToken()).toBe(45011);
  });

  it('counts the day from midnight in Beijing', () => {
    sandbox.setQuota('stable_token', { minute: null, day: 2 });
    expect([askToken(), askToken(), askToken()]).toEqual([undefined, undefined, 45009]);
    now = MIDNIGHT + 86_399_999;
    expect(askToken()).toBe(45009);
    now += 1;
    expect(askToken()).toBeUndefined();
  });
});

describe('/sandbox/quotas', () => {
  let running: RunningSandbox;
  let wechat: WechatCaller;

  beforeEach(async () => {
    running = await startSandbox({ apps: [ONE, TWO], logger: createLogger('silent') });
    wechat = new WechatCaller(running.url, ONE);
  });
  afterEach(() => running.close());

  it('sets the quota of any call, and goes back to what WeChat publishes', async () => {
    const { quotas } = await wechat.control('quotas', undefined, { method: 'GET' });
    expect(quotas).toContainEqual({ api: 'stable_token', minute: 10_000, day: 500_000 });
    const set = await wechat.control('quotas', { api: 'checksession', day: 0 });
    expect(set['quotas']).toContainEqual({ api: 'checksession', minute: null, day: 0 });
    expect(await wechat.get('/wxa/checksession')).toMatchObject({ errcode: 45009 });
    await wechat.control('quotas', undefined, { method: 'DELETE', status: 204 });
    expect(await wechat.get('/wxa/checksession')).toMatchObject({ errcode: 40003 });
    expect(await wechat.control('quotas', undefined, { method: 'GET' })).toEqual({ quotas });
  });

  it('spends no code on a call beyond the quota', async () => {
    await wechat.control('quotas', { api: 'jscode2session', minute: 0 });
    const { code } = running.sandbox.wxLogin('alice');
    expect(await wechat.exchange(code)).toMatchObject({ errcode: 45011 });
    await wechat.control('quotas', { api: 'jscode2session' });
    expect(await wechat.exchange(code)).toHaveProperty('openid');
  });

  it.each([
    [{}],
    [{ api: 'getpaidunionid', day: 1 }],
    [{ api: '*', day: 1 }],
    [{ api: 'checksession', minute: -1 }],
    [{ api: 'checksession', day: 1.5 }],
    [{ api: 'checksession', day: null }],
  ])('refuses %j', async (body) => {
    expect(await wechat.control('quotas', body, { status: 400 })).toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});
