import { createLogger } from '../logging/logger.js';
import { Sandbox } from './sandbox.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';

const ONE = { appId: 'wx1', secret: 'secret-one', openPlatform: 'platform' };
const TWO = { appId: 'wx2', secret: 'secret-two', openPlatform: 'platform' };
const UNBOUND = { appId: 'wx3', secret: 'secret-three' };
const APPS = [ONE, TWO, UNBOUND];

let running: RunningSandbox;
let sandbox: Sandbox;

beforeAll(async () => {
  running = await startSandbox({ apps: APPS, logger: createLogger('silent') });
  sandbox = running.sandbox;
});
afterAll(() => running.close());

interface Answer {
  readonly openid?: string;
  readonly unionid?: string;
  readonly session_key?: string;
  readonly errcode?: number;
  readonly errmsg?: string;
}

async function ask(query: Record<string, string> | string): Promise<Answer> {
  const response = await fetch(`${running.url}/sns/jscode2session?${new URLSearchParams(query)}`);
  expect(response.status).toBe(200);
  return JSON.parse(await response.text()) as Answer;
}

const exchange = (code: string, app: typeof UNBOUND = ONE) =>
  ask({ appid: app.appId, secret: app.secret, js_code: code, grant_type: 'authorization_code' });
const login = (user: string, app: typeof UNBOUND = ONE) => sandbox.wxLogin(user, app.appId).code;

describe('GET /sns/jscode2session', () => {
  it('answers who the user is, as JSON that is labelled as text', async () => {
    const query = new URLSearchParams({ appid: 'wx1', secret: 'secret-one', js_code: login('alice') });
    const response = await fetch(`${running.url}/sns/jscode2session?${query}&grant_type=authorization_code`);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const { openid, unionid, session_key, ...rest } = JSON.parse(await response.text()) as Answer;
    expect(openid).toMatch(/^o[\w-]{27}$/);
    expect(unionid).toMatch(/^o[\w-]{27}$/);
    expect(session_key).toMatch(/^[A-Za-z0-9+/]{22}==$/);
    expect(rest).toEqual({});
  });

  it('mints codes that look like those of WeChat, each one new', () => {
    const codes = Array.from({ length: 100 }, () => login('alice'));
    expect(new Set(codes).size).toBe(100);
    for (const code of codes) expect(code).toMatch(/^[A-Za-z0-9]{32}$/);
  });

  const good = { appid: 'wx1', secret: 'secret-one', js_code: 'unknown', grant_type: 'authorization_code' };
  it.each([
    ['appid missing', 41002, { appid: '', secret: '' }],
    ['appsecret missing', 41004, { appid: 'nobody', secret: '' }],
    ['invalid appid', 40013, { appid: 'nobody', secret: 'wrong' }],
    ['invalid appsecret', 40125, { secret: 'secret-two', js_code: '' }],
    ['invalid grant_type', 40002, { grant_type: 'client_credential', js_code: '' }],
    ['missing code', 41008, { js_code: '' }],
    ['invalid code', 40029, {}],
  ])('answers %s with %i before it looks further', async (text, errcode, changes) => {
    const { errmsg, ...rest } = await ask({ ...good, ...changes });
    expect(rest).toEqual({ errcode });
    expect(errmsg).toMatch(new RegExp(`^${text}, rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`));
  });

  it('answers 41002 to a call without any parameter', async () => {
    expect(await ask('')).toMatchObject({ errcode: 41002 });
  });

  it('takes a parameter that was sent twice for missing', async () => {
    expect(await ask('appid=wx1&appid=wx2&secret=secret-one')).toMatchObject({ errcode: 41002 });
  });

  it('ignores parameters that WeChat does not know', async () => {
    expect(await ask({ ...good, js_code: login('alice'), lang: 'zh_CN' })).toHaveProperty('openid');
  });

  it('accepts a code once, then answers 40163', async () => {
    const code = login('alice');
    expect(await exchange(code)).toHaveProperty('openid');
    expect(await exchange(code)).toMatchObject({ errcode: 40163 });
  });

  it('accepts a code once even if ten requests bring it at the same time', async () => {
    const code = login('alice');
    const answers = await Promise.all(Array.from({ length: 10 }, () => exchange(code)));
    expect(answers.filter((answer) => answer.openid)).toHaveLength(1);
    expect(answers.filter((answer) => answer.errcode === 40163)).toHaveLength(9);
  });

  it('does not spend a code on a request with a wrong secret or grant_type', async () => {
    const code = login('alice');
    expect(await exchange(code, { ...ONE, secret: 'wrong' })).toMatchObject({ errcode: 40125 });
    expect(await ask({ ...good, js_code: code, grant_type: 'other' })).toMatchObject({ errcode: 40002 });
    expect(await exchange(code)).toHaveProperty('openid');
  });

  it('takes a code of another app for invalid, and leaves it good for its own', async () => {
    const code = login('alice', TWO);
    expect(await exchange(code, ONE)).toMatchObject({ errcode: 40029 });
    expect(await exchange(code, TWO)).toHaveProperty('openid');
  });

  it('accepts a code for just under five minutes', async () => {
    const [early, late] = [login('alice'), login('alice')];
    sandbox.advance(295);
    expect(await exchange(early)).toHaveProperty('openid');
    sandbox.advance(5);
    expect(await exchange(late)).toMatchObject({ errcode: 40029 });
    expect(await exchange(early)).toMatchObject({ errcode: 40029 });
  });

  it('measures the five minutes of each code from its own wx.login', () => {
    let now = 0;
    const clocked = new Sandbox(APPS, () => now);
    const errcode = (js_code: string) => clocked.call('jscode2session', { ...good, js_code }).answer.errcode;
    const [spent, first] = [clocked.wxLogin('alice').code, clocked.wxLogin('alice').code];
    now = 299_999;
    const second = clocked.wxLogin('alice').code;
    expect(errcode(spent)).toBeUndefined();
    expect(errcode(spent)).toBe(40163);
    now = 300_000;
    clocked.wxLogin('alice');
    expect(errcode(first)).toBe(40029);
    now = 599_998;
    expect(errcode(second)).toBeUndefined();
    expect(errcode(second)).toBe(40163);
  });

  it('answers 40226 for a user whom WeChat blocks, until the user is unblocked', async () => {
    sandbox.createUser({ id: 'mallory', blocked: true });
    const code = login('mallory');
    expect(await exchange(code)).toMatchObject({ errcode: 40226 });
    expect(await exchange(code)).toMatchObject({ errcode: 40163 });
    sandbox.createUser({ id: 'mallory', blocked: false });
    expect(await exchange(login('mallory'))).toHaveProperty('openid');
  });

  it('gives the session_key of the newest wx.login in that app', async () => {
    const first = await exchange(login('bob'));
    const older = login('bob');
    const newer = login('bob');
    const elsewhere = await exchange(login('bob', TWO), TWO);
    const second = await exchange(newer);
    expect(second.session_key).not.toBe(first.session_key);
    expect(second.session_key).not.toBe(elsewhere.session_key);
    expect(await exchange(older)).toEqual(second);
    expect(sandbox.sessionKey('bob', 'wx1')).toBe(second.session_key);
  });

  it('knows no session_key before the first wx.login', () => {
    sandbox.createUser({ id: 'newcomer' });
    expect(sandbox.sessionKey('newcomer', 'wx1')).toBeNull();
    expect(sandbox.sessionKey('nobody', 'wx1')).toBeNull();
  });
});

describe('the people of the sandbox', () => {
  it('have another openid in every app and one unionid in an Open Platform account', async () => {
    const one = await exchange(login('carol', ONE), ONE);
    const two = await exchange(login('carol', TWO), TWO);
    const stranger = await exchange(login('dave', ONE), ONE);
    expect(one.openid).not.toBe(two.openid);
    expect(one.unionid).toBe(two.unionid);
    expect(one.unionid).not.toBe(one.openid);
    expect([stranger.openid, stranger.unionid]).not.toContain(one.openid);
    expect(stranger.unionid).not.toBe(one.unionid);
  });

  it('are the same persons after a restart', async () => {
    const { openid, unionid } = await exchange(login('carol'));
    const restarted = new Sandbox(APPS);
    const { answer } = restarted.call('jscode2session', {
      appid: 'wx1',
      secret: 'secret-one',
      js_code: restarted.wxLogin('carol').code,
      grant_type: 'authorization_code',
    });
    expect(answer).toMatchObject({ openid, unionid });
    expect(restarted.createUser({ id: 'carol' }).openids).toMatchObject({ wx1: openid });
  });

  it('have no unionid in an app that is not bound', async () => {
    expect(await exchange(login('carol', UNBOUND), UNBOUND)).not.toHaveProperty('unionid');
  });

  it('get a unionid with the day their app is bound, and keep the openid', async () => {
    const before = await exchange(login('carol', UNBOUND), UNBOUND);
    const elsewhere = await exchange(login('carol', ONE), ONE);
    sandbox.bindApp('wx3', 'platform');
    const after = await exchange(login('carol', UNBOUND), UNBOUND);
    expect(after).toMatchObject({ openid: before.openid, unionid: elsewhere.unionid });
    sandbox.bindApp('wx3', 'another');
    expect((await exchange(login('carol', UNBOUND), UNBOUND)).unionid).not.toBe(elsewhere.unionid);
    sandbox.bindApp('wx3', null);
    expect(await exchange(login('carol', UNBOUND), UNBOUND)).not.toHaveProperty('unionid');
  });

  it('can be made without a unionid', async () => {
    sandbox.createUser({ id: 'erin', unionid: false });
    expect(await exchange(login('erin'))).not.toHaveProperty('unionid');
    sandbox.createUser({ id: 'erin', blocked: false });
    expect(await exchange(login('erin'))).not.toHaveProperty('unionid');
    sandbox.createUser({ id: 'erin', unionid: true });
    expect(await exchange(login('erin'))).toHaveProperty('unionid');
  });
});
