import { WechatCaller } from '../../test/support/wechat-caller.js';
import { createLogger } from '../logging/logger.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';

const ONE = { appId: 'wx1', secret: 'secret-one' };
const TWO = { appId: 'wx2', secret: 'secret-two' };

let running: RunningSandbox;
let wechat: WechatCaller;
let openid: string;
let foreignOpenid: string;

beforeEach(async () => {
  running = await startSandbox({ apps: [ONE, TWO], logger: createLogger('silent') });
  wechat = new WechatCaller(running.url, ONE);
  running.sandbox.wxLogin('alice', 'wx1');
  running.sandbox.wxLogin('alice', 'wx2');
  ({ wx1: openid, wx2: foreignOpenid } = running.sandbox.createUser({ id: 'alice' }).openids as {
    wx1: string;
    wx2: string;
  });
});
afterEach(() => running.close());

describe('POST /wxa/getuserriskrank', () => {
  const ask = (changes: object = {}) =>
    wechat.post('/wxa/getuserriskrank', { appid: 'wx1', openid, scene: 0, client_ip: '127.0.0.1', ...changes });

  it('answers the rank that was set, 0 at first', async () => {
    const answer = await ask();
    expect(answer).toEqual({
      errcode: 0,
      errmsg: 'getuserriskrank succ',
      risk_rank: 0,
      unoin_id: expect.any(Number),
    });
    await wechat.control('users', { id: 'alice', riskRank: 4 });
    const next = await ask({ scene: 1 });
    expect(next['risk_rank']).toBe(4);
    expect(next['unoin_id']).not.toBe(answer['unoin_id']);
  });

  it.each<[string, number, () => object]>([
    ['another scene', 40129, () => ({ scene: 2 })],
    ['no scene', 40129, () => ({ scene: undefined })],
    ['no client_ip', 44002, () => ({ client_ip: '' })],
    ['the appid of another app', 43104, () => ({ appid: 'wx2' })],
    ['an openid of another app', 40003, () => ({ openid: foreignOpenid })],
    ['an openid nobody has', 40003, () => ({ openid: 'oNobody' })],
  ])('refuses %s with %i', async (_what, errcode, changes) => {
    expect(await ask(changes())).toMatchObject({ errcode });
  });

  it('knows only who was there in the last two hours', async () => {
    running.sandbox.advance(7190);
    expect(await ask()).toMatchObject({ errcode: 0 });
    running.sandbox.advance(10);
    expect(await ask()).toMatchObject({ errcode: 61010 });
    running.sandbox.wxLogin('alice');
    expect(await ask()).toMatchObject({ errcode: 0 });
  });
});

describe('POST /wxa/msg_sec_check', () => {
  const ask = (changes: object = {}) =>
    wechat.post('/wxa/msg_sec_check', { content: '今天天气很好', version: 2, scene: 1, openid, ...changes });

  it('lets a text pass', async () => {
    expect(await ask()).toEqual({
      errcode: 0,
      errmsg: 'ok',
      result: { suggest: 'pass', label: 100 },
      detail: [{ strategy: 'content_model', errcode: 0, suggest: 'pass', label: 100, prob: 90 }],
      trace_id: expect.stringMatching(/^[0-9a-f-]{26}$/),
    });
  });

  it('objects to what contains a risky text, wherever that is', async () => {
    await wechat.control('risky-texts', { text: '卖药' }, { status: 204 });
    await wechat.control('risky-texts', { text: 'spam', suggest: 'review', label: 10001 }, { status: 204 });
    expect((await ask({ content: '我卖药的' }))['result']).toEqual({ suggest: 'risky', label: 20006 });
    expect((await ask({ nickname: 'no spam' }))['result']).toEqual({ suggest: 'review', label: 10001 });
    expect((await ask({ signature: '卖药', title: 'spam' }))['result']).toEqual({ suggest: 'risky', label: 20006 });
    expect((await ask())['result']).toEqual({ suggest: 'pass', label: 100 });
    await wechat.control('risky-texts', { text: '卖药', label: 20002 }, { status: 204 });
    expect((await ask({ content: '卖药' }))['result']).toEqual({ suggest: 'risky', label: 20002 });
    await wechat.control('risky-texts', undefined, { method: 'DELETE', status: 204 });
    expect((await ask({ content: '卖药' }))['result']).toEqual({ suggest: 'pass', label: 100 });
  });

  it.each<[string, number, () => object]>([
    ['no content', 44002, () => ({ content: '' })],
    ['no openid', 44002, () => ({ openid: undefined })],
    ['the old version', 47001, () => ({ version: 1 })],
    ['a version that is text', 47001, () => ({ version: '2' })],
    ['more than 2500 characters', 47001, () => ({ content: 'a'.repeat(2501) })],
    ['another scene', 40129, () => ({ scene: 5 })],
    ['an openid of another app', 40003, () => ({ openid: foreignOpenid })],
  ])('refuses %s with %i', async (_what, errcode, changes) => {
    expect(await ask(changes())).toMatchObject({ errcode });
  });

  it('knows only who was there in the last two hours', async () => {
    running.sandbox.advance(7200);
    expect(await ask()).toMatchObject({ errcode: 61010 });
  });

  it.each([
    [{}],
    [{ text: '' }],
    [{ text: 'a'.repeat(201) }],
    [{ text: 'a', suggest: 'pass' }],
    [{ text: 'a', label: 100 }],
  ])('takes no risky text such as %j', async (body) => {
    expect(await wechat.control('risky-texts', body, { status: 400 })).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('takes at most 1000 risky texts', () => {
    const add = (text: string) => running.sandbox.addRiskyText({ text, suggest: 'risky', label: 20006 });
    for (let count = 0; count < 1000; count += 1) add(`text ${count}`);
    expect(() => add('one more')).toThrow('VALIDATION_FAILED');
    expect(() => add('text 5')).not.toThrow();
  });
});

describe('POST /wxa/getpluginopenpid', () => {
  const ask = (body: object, caller = wechat) => caller.post('/wxa/getpluginopenpid', body);
  const login = async (user = 'alice', appId = 'wx1') =>
    (await wechat.control('plugin-login', { user, appId }))['code'] as string;

  it('answers who somebody is in the plugin, which is not who they are in the mini-program', async () => {
    const first = await ask({ code: await login() });
    expect(first).toEqual({ errcode: 0, errmsg: 'ok', openpid: expect.stringMatching(/^o[\w-]{27}$/) });
    expect(first['openpid']).not.toBe(openid);
    expect((await ask({ code: await login() }))['openpid']).toBe(first['openpid']);
    expect((await ask({ code: await login('bob') }))['openpid']).not.toBe(first['openpid']);
  });

  it('accepts a code once, for five minutes, and of its own app', async () => {
    const [code, late, foreign] = [await login(), await login(), await login('alice', 'wx2')];
    expect(await ask({ code })).toMatchObject({ errcode: 0 });
    expect(await ask({ code })).toMatchObject({ errcode: 40029 });
    expect(await ask({ code: foreign })).toMatchObject({ errcode: 40029 });
    expect(await ask({ code: running.sandbox.wxLogin('alice').code })).toMatchObject({ errcode: 40029 });
    expect(await ask({})).toMatchObject({ errcode: 44002 });
    expect(await ask({ code: foreign }, new WechatCaller(running.url, TWO))).toMatchObject({ errcode: 0 });
    running.sandbox.advance(300);
    expect(await ask({ code: late })).toMatchObject({ errcode: 40029 });
  });
});
