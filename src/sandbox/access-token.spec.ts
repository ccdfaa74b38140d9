import { WechatCaller, type WechatBody } from '../../test/support/wechat-caller.js';
import { createLogger } from '../logging/logger.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';
import { SANDBOX_APIS } from './wechat-answer.js';
import { WECHAT_APIS } from './wechat-apis.js';

const ONE = { appId: 'wx1', secret: 'secret-one' };
const TWO = { appId: 'wx2', secret: 'secret-two' };

let running: RunningSandbox;
let wechat: WechatCaller;

beforeEach(async () => {
  running = await startSandbox({ apps: [ONE, TWO], logger: createLogger('silent') });
  wechat = new WechatCaller(running.url, ONE);
});
afterEach(() => running.close());

type Call = (access_token: string) => Promise<WechatBody>;

// Every call that demands an access_token, and what it answers to a good one when nothing else was sent.
const CALLS: [string, number, Call][] = [
  ['checksession', 40003, (access_token) => wechat.get('/wxa/checksession', { access_token })],
  ['resetusersessionkey', 40003, (access_token) => wechat.get('/wxa/resetusersessionkey', { access_token })],
  ['getuserencryptkey', 40003, (access_token) => wechat.get('/wxa/business/getuserencryptkey', { access_token })],
  ['getuserphonenumber', 44002, (token) => post('/wxa/business/getuserphonenumber', token)],
  ['checkencryptedmsg', 44002, (token) => post('/wxa/business/checkencryptedmsg', token)],
  ['getpluginopenpid', 44002, (token) => post('/wxa/getpluginopenpid', token)],
  ['getuserriskrank', 44002, (token) => post('/wxa/getuserriskrank', token)],
  ['msg_sec_check', 44002, (token) => post('/wxa/msg_sec_check', token)],
];
const post = (path: string, access_token: string) => wechat.post(path, {}, { access_token });

describe.each(CALLS)('%s', (api, errcode, call) => {
  it('demands a living access_token', async () => {
    expect(await call('')).toMatchObject({ errcode: 41001 });
    expect(await call('no token')).toMatchObject({ errcode: 40014 });
    expect(await call('a-token-that-was-never-given-to-anybody')).toMatchObject({ errcode: 40001 });
    const token = await wechat.token();
    expect(await call(token)).toMatchObject({ errcode });
    running.sandbox.advance(7200);
    expect(await call(token)).toMatchObject({ errcode: 42001 });
    expect(await call(await wechat.token())).toMatchObject({ errcode });
  });

  it('goes wrong on demand, and tells the log who called and not with what', async () => {
    const token = await wechat.token();
    await wechat.control('faults', { api, kind: 'errcode', errcode: 45009 });
    expect(await call(token)).toMatchObject({ errcode: 45009 });
    await call(token);
    const { calls } = await wechat.control(`calls?api=${api}`, undefined, { method: 'GET' });
    const at = expect.any(String);
    expect(calls).toEqual([
      { api, appId: 'wx1', at, errcode: 45009 },
      { api, appId: 'wx1', at, errcode },
    ]);
    expect(JSON.stringify(calls)).not.toContain(token);
  });
});

it('covers every call that demands an access_token', () => {
  const demanding = SANDBOX_APIS.filter((api) => WECHAT_APIS[api].credential === 'access_token');
  expect(CALLS.map(([api]) => api)).toEqual(demanding);
});

describe('an access_token', () => {
  const call = (access_token: string) => wechat.get('/wxa/checksession', { access_token });

  it('stays good beside its successor for its last five minutes', async () => {
    const first = await wechat.token();
    running.sandbox.advance(6900);
    const second = await wechat.token();
    expect(second).not.toBe(first);
    expect(await call(first)).toMatchObject({ errcode: 40003 });
    expect(await call(second)).toMatchObject({ errcode: 40003 });
    running.sandbox.advance(300);
    expect(await call(first)).toMatchObject({ errcode: 42001 });
    expect(await call(second)).toMatchObject({ errcode: 40003 });
  });

  it('ends when another one is forced', async () => {
    const first = await wechat.token();
    const forced = await wechat.token(true);
    expect(await call(first)).toMatchObject({ errcode: 40001 });
    expect(await call(forced)).toMatchObject({ errcode: 40003 });
  });

  it.each([
    [42001, {}],
    [40001, { errcode: 40001 }],
    [40014, { errcode: 40014, appId: 'wx1' }],
  ])('can be made to answer %i, until the app asks for another', async (errcode, order) => {
    const token = await wechat.token();
    await wechat.control('access-tokens/expire', order, { status: 204 });
    expect(await call(token)).toMatchObject({ errcode });
    const next = await wechat.token();
    expect(next).not.toBe(token);
    expect(await call(next)).toMatchObject({ errcode: 40003 });
  });

  it('outlives the tokens of another app', async () => {
    const token = await wechat.token();
    await wechat.control('access-tokens/expire', { appId: 'wx2' }, { status: 204 });
    expect(await call(token)).toMatchObject({ errcode: 40003 });
    expect(await wechat.control('access-tokens/expire', { appId: 'wx9' }, { status: 400 })).toMatchObject({
      code: 'WECHAT_APP_UNKNOWN',
    });
  });
});

describe('GET /cgi-bin/token', () => {
  const call = (access_token: string) => wechat.get('/wxa/checksession', { access_token });
  const ask = (changes: Record<string, string> = {}) =>
    wechat.get('/cgi-bin/token', {
      access_token: '',
      grant_type: 'client_credential',
      appid: 'wx1',
      secret: 'secret-one',
      ...changes,
    });
  const classic = async () => (await ask())['access_token'] as string;

  it('gives another token each time, and the last one has five minutes left', async () => {
    const [first, second] = [await classic(), await classic()];
    expect(second).not.toBe(first);
    expect(await call(first)).toMatchObject({ errcode: 40003 });
    running.sandbox.advance(300);
    expect(await call(first)).toMatchObject({ errcode: 40001 });
    expect(await call(second)).toMatchObject({ errcode: 40003 });
    running.sandbox.advance(6900);
    expect(await call(second)).toMatchObject({ errcode: 42001 });
  });

  it('has nothing to do with stable_token', async () => {
    const stable = await wechat.token();
    const token = await classic();
    await classic();
    const forced = await wechat.token(true);
    expect(await call(token)).toMatchObject({ errcode: 40003 });
    running.sandbox.advance(300);
    expect(await call(stable)).toMatchObject({ errcode: 40001 });
    expect(await call(forced)).toMatchObject({ errcode: 40003 });
    await wechat.control('access-tokens/expire', {}, { status: 204 });
    expect(await call(forced)).toMatchObject({ errcode: 42001 });
  });

  it.each([
    [41002, { appid: '' }],
    [41004, { secret: '' }],
    [40013, { appid: 'nobody' }],
    [40125, { secret: 'secret-two' }],
    [40002, { grant_type: 'authorization_code' }],
  ])('refuses with %i what it is sent with %j', async (errcode, changes) => {
    expect(await ask(changes)).toMatchObject({ errcode });
  });
});
