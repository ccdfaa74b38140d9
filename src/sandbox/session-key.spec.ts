import { createHmac } from 'node:crypto';
import { WechatCaller, type WechatBody } from '../../test/support/wechat-caller.js';
import { createLogger } from '../logging/logger.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';

const ONE = { appId: 'wx1', secret: 'secret-one' };
const TWO = { appId: 'wx2', secret: 'secret-two' };

let running: RunningSandbox;
let wechat: WechatCaller;
let openid: string;
let sessionKey: string;

beforeEach(async () => {
  running = await startSandbox({ apps: [ONE, TWO], logger: createLogger('silent') });
  wechat = new WechatCaller(running.url, ONE);
  ({ openid, session_key: sessionKey } = (await signIn()) as { openid: string; session_key: string });
});
afterEach(() => running.close());

const signIn = () => wechat.exchange(running.sandbox.wxLogin('alice').code);
const sign = (key: string, message = '') => createHmac('sha256', key).update(message).digest('hex');
const signed = (key = sessionKey) => ({ openid, signature: sign(key), sig_method: 'hmac_sha256' });
const check = (query: Record<string, string> = signed()) => wechat.get('/wxa/checksession', query);
const reset = (query: Record<string, string> = signed()) => wechat.get('/wxa/resetusersessionkey', query);
const userKeys = (query: Record<string, string> = signed()) => wechat.get('/wxa/business/getuserencryptkey', query);

describe('GET /wxa/checksession', () => {
  it('says that the newest session_key is good, whichever case the signature has', async () => {
    expect(await check()).toEqual({ errcode: 0, errmsg: 'ok' });
    expect(await check({ ...signed(), signature: sign(sessionKey).toUpperCase() })).toMatchObject({ errcode: 0 });
  });

  it('takes a session_key for stale once wx.login, or nobody knows what, has replaced it', async () => {
    await wechat.control('session-key/rotate', { user: 'alice' }, { status: 204 });
    expect(await check()).toMatchObject({ errcode: 87009 });
    const { session_key } = await signIn();
    expect(await check()).toMatchObject({ errcode: 87009 });
    expect(await check(signed(session_key as string))).toMatchObject({ errcode: 0 });
  });

  it('takes an expired session_key for stale until the next wx.login', async () => {
    await wechat.control('session-key/expire', { user: 'alice' }, { status: 204 });
    expect(await check()).toMatchObject({ errcode: 87009 });
    const { session_key } = await signIn();
    expect(await check(signed(session_key as string))).toMatchObject({ errcode: 0 });
  });
});

describe.each([
  ['checksession', () => check],
  ['resetusersessionkey', () => reset],
  ['getuserencryptkey', () => userKeys],
])('%s', (_name, route) => {
  it.each<[string, number, () => Record<string, string>]>([
    ['an openid nobody has', 40003, () => ({ ...signed(), openid: 'oNobody' })],
    ['no openid', 40003, () => ({ signature: sign(sessionKey), sig_method: 'hmac_sha256' })],
    [
      'an openid of another app',
      40003,
      () => {
        running.sandbox.wxLogin('alice', 'wx2');
        return { ...signed(), openid: running.sandbox.createUser({ id: 'alice' }).openids['wx2']! };
      },
    ],
    ['another sig_method', 87008, () => ({ ...signed(), sig_method: 'sha1' })],
    ['a signature of something', 87009, () => ({ ...signed(), signature: sign(sessionKey, '{}') })],
    ['a signature with the decoded key', 87009, () => ({ ...signed(), signature: signDecoded() })],
    ['no signature', 87009, () => ({ openid, sig_method: 'hmac_sha256' })],
  ])('refuses %s with %i', async (_what, errcode, query) => {
    expect(await route()(query())).toEqual({ errcode, errmsg: expect.stringMatching(/, rid: /) });
    expect(running.sandbox.sessionKey('alice', 'wx1')).toBe(sessionKey);
  });
});

const signDecoded = () => createHmac('sha256', Buffer.from(sessionKey, 'base64')).update('').digest('hex');

describe('GET /wxa/resetusersessionkey', () => {
  it('answers a new session_key, which is then the only good one', async () => {
    const answer = await reset();
    expect(answer).toEqual({ errcode: 0, errmsg: 'ok', openid, session_key: expect.any(String) });
    expect(answer['session_key']).not.toBe(sessionKey);
    expect(await check()).toMatchObject({ errcode: 87009 });
    expect(await reset()).toMatchObject({ errcode: 87009 });
    expect(await check(signed(answer['session_key'] as string))).toMatchObject({ errcode: 0 });
  });

  it('brings no expired session_key back', async () => {
    await wechat.control('session-key/expire', { user: 'alice' }, { status: 204 });
    expect(await reset()).toMatchObject({ errcode: 87007 });
  });
});

describe('getuserencryptkey', () => {
  const onPhone = (): Promise<WechatBody> => wechat.control('user-key', { user: 'alice' });

  it('answers no keys before the phone has asked for one', async () => {
    expect(await userKeys()).toEqual({ errcode: 0, errmsg: 'ok', key_info_list: [] });
  });

  it('answers the last three keys of the phone, newest first, with the time they have left', async () => {
    for (let count = 0; count < 4; count += 1) {
      await onPhone();
      running.sandbox.advance(3600);
    }
    const { encryptKey, iv, version, expireTime } = await onPhone();
    expect(await onPhone()).toEqual({ encryptKey, iv, version, expireTime });
    running.sandbox.advance(600);
    const { key_info_list: keys } = await userKeys();
    expect(keys).toHaveLength(3);
    expect(keys.map((key: WechatBody) => key['version'] as number)).toEqual([5, 4, 3]);
    expect(keys[0]).toEqual({
      encrypt_key: encryptKey,
      iv,
      version,
      expire_in: expect.any(Number),
      create_time: Math.floor(expireTime / 1000) - 3600,
    });
    expect(Buffer.from(encryptKey as string, 'base64')).toHaveLength(16);
    expect(iv).toMatch(/^[0-9a-f]{16}$/);
    expect(keys[0].expire_in).toBeGreaterThan(2980);
    expect(keys[0].expire_in).toBeLessThanOrEqual(3000);
    expect(keys[1].expire_in).toBe(0);
  });

  it('is a POST too, and then has no body', async () => {
    await onPhone();
    const post = (body?: unknown) => wechat.post('/wxa/business/getuserencryptkey', body, signed());
    expect((await post())['key_info_list']).toHaveLength(1);
    expect(await post({})).toMatchObject({ errcode: 87009 });
  });
});
