import { createHash } from 'node:crypto';
import { WechatCaller } from '../../test/support/wechat-caller.js';
import { createLogger } from '../logging/logger.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';

const ONE = { appId: 'wx1', secret: 'secret-one' };
const TWO = { appId: 'wx2', secret: 'secret-two' };

let running: RunningSandbox;
let wechat: WechatCaller;
let other: WechatCaller;

beforeEach(async () => {
  running = await startSandbox({ apps: [ONE, TWO], logger: createLogger('silent') });
  wechat = new WechatCaller(running.url, ONE);
  other = new WechatCaller(running.url, TWO);
});
afterEach(() => running.close());

const press = (body: object = {}) => wechat.control('phone-number', { user: 'alice', ...body });
const ask = (body: object, caller = wechat) => caller.post('/wxa/business/getuserphonenumber', body);
const openidOf = (user: string) => running.sandbox.createUser({ id: user }).openids['wx1'];

describe('POST /wxa/business/getuserphonenumber', () => {
  it('answers the number of whoever pressed the button, with the time of that', async () => {
    const pressedAt = Math.floor(running.sandbox.now() / 1000);
    const { code, expiresIn } = await press({ phone: { countryCode: '86', purePhoneNumber: '12066600001' } });
    expect(expiresIn).toBe(300);
    running.sandbox.advance(100);
    const answer = await ask({ code, openid: openidOf('alice') });
    expect(answer).toEqual({
      errcode: 0,
      errmsg: 'ok',
      phone_info: {
        phoneNumber: '12066600001',
        purePhoneNumber: '12066600001',
        countryCode: '86',
        watermark: { timestamp: expect.any(Number), appid: 'wx1' },
      },
    });
    expect(Math.abs(answer['phone_info'].watermark.timestamp - pressedAt)).toBeLessThan(10);
  });

  it('gives everybody a number of their own, the same each time, unless told another', async () => {
    const numberOf = async (user: string) => {
      const { code } = await press({ user });
      return (await ask({ code }))['phone_info'].purePhoneNumber as string;
    };
    const alice = await numberOf('alice');
    expect(alice).toMatch(/^199\d{8}$/);
    expect(await numberOf('alice')).toBe(alice);
    expect(await numberOf('bob')).not.toBe(alice);
    await wechat.control('users', { id: 'bob', phone: { countryCode: '86', purePhoneNumber: '12066600004' } });
    expect(await numberOf('bob')).toBe('12066600004');
  });

  it('spells the country code as text or as a number, and a number from abroad with it', async () => {
    const phone = { countryCode: '852', purePhoneNumber: '51234567' };
    const { code } = await press({ phone, countryCodeType: 'number' });
    expect((await ask({ code }))['phone_info']).toMatchObject({ countryCode: 852, phoneNumber: '+85251234567' });
    const { code: next } = await press({ phone });
    expect((await ask({ code: next }))['phone_info']).toMatchObject({ countryCode: '852' });
  });

  it('accepts a code once, even if ten requests bring it at the same time', async () => {
    const { code } = await press();
    await wechat.token();
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask({ code })));
    expect(answers.map(({ errcode }) => errcode as number).toSorted()).toEqual([0, ...Array<number>(9).fill(40029)]);
  });

  it('accepts a code for five minutes', async () => {
    const { code } = await press();
    const { code: late } = await press();
    running.sandbox.advance(295);
    expect(await ask({ code })).toMatchObject({ errcode: 0 });
    running.sandbox.advance(5);
    expect(await ask({ code: late })).toMatchObject({ errcode: 40029 });
  });

  it('refuses a code together with the openid of somebody else, or of another app', async () => {
    const { code } = await press();
    for (const openid of [openidOf('bob'), running.sandbox.createUser({ id: 'alice' }).openids['wx2'], '', null]) {
      expect(await ask({ code, openid })).toMatchObject({ errcode: 40029 });
    }
    expect(await ask({ code, openid: openidOf('alice') })).toMatchObject({ errcode: 0 });
  });

  it('refuses a code of another app, an unknown one, one of wx.login, and none', async () => {
    const { code } = await press();
    expect(await ask({ code }, other)).toMatchObject({ errcode: 40029 });
    expect(await ask({ code: 'unknown' })).toMatchObject({ errcode: 40029 });
    expect(await ask({ code: running.sandbox.wxLogin('alice').code })).toMatchObject({ errcode: 40029 });
    expect(await ask({})).toMatchObject({ errcode: 44002 });
    expect(await wechat.exchange(code)).toMatchObject({ errcode: 40029 });
    expect(await ask({ code })).toMatchObject({ errcode: 0 });
  });

  it('spends a code although the answer is lost, and keeps it when WeChat is busy', async () => {
    const { code } = await press();
    await wechat.control('faults', { api: 'getuserphonenumber', kind: 'errcode', errcode: -1 });
    expect(await ask({ code })).toMatchObject({ errcode: -1 });
    await wechat.control('faults', { api: 'getuserphonenumber', kind: 'reset' });
    await expect(ask({ code })).rejects.toThrow('fetch failed');
    expect(await ask({ code })).toMatchObject({ errcode: 40029 });
  });

  it('takes the access_token from the query alone', async () => {
    const { code } = await press();
    const body = { code, access_token: await wechat.token() };
    expect(await wechat.post('/wxa/business/getuserphonenumber', body, { access_token: '' })).toMatchObject({
      errcode: 41001,
    });
  });
});

describe('POST /wxa/business/checkencryptedmsg', () => {
  const check = (encryptedData: string, caller = wechat) =>
    caller.post('/wxa/business/checkencryptedmsg', {
      encrypted_msg_hash: createHash('sha256').update(encryptedData).digest('hex'),
    });

  beforeEach(() => running.sandbox.wxLogin('alice'));

  it('knows the phone numbers that were encrypted here, and when', async () => {
    const madeAt = Math.floor(running.sandbox.now() / 1000);
    const { encryptedData } = await press();
    const answer = await check(encryptedData as string);
    expect(answer).toEqual({ errcode: 0, errmsg: 'ok', vaild: true, create_time: expect.any(Number) });
    expect(Math.abs(answer['create_time'] - madeAt)).toBeLessThan(10);
  });

  it('knows them for three days, and for the app they were made for', async () => {
    const { encryptedData } = await press();
    expect(await check(encryptedData as string, other)).toMatchObject({ errcode: 1 });
    running.sandbox.advance(3 * 86_400 - 10);
    expect(await check(encryptedData as string)).toMatchObject({ errcode: 0 });
    running.sandbox.advance(10);
    expect(await check(encryptedData as string)).toMatchObject({ errcode: 1 });
  });

  it('knows nothing of other data, and refuses what is no hash', async () => {
    const { encryptedData } = await wechat.control('encrypted-data', { user: 'alice', kind: 'weRunData' });
    expect(await check(encryptedData as string)).toMatchObject({ errcode: 1 });
    const refuse = (body: object) => wechat.post('/wxa/business/checkencryptedmsg', body);
    expect(await refuse({ encrypted_msg_hash: 'abc' })).toMatchObject({ errcode: 40097 });
    expect(await refuse({})).toMatchObject({ errcode: 44002 });
  });
});
