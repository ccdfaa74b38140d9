import { createDecipheriv, createHash } from 'node:crypto';
import { WechatCaller, type WechatBody } from '../../test/support/wechat-caller.js';
import { createLogger } from '../logging/logger.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';

const APP = { appId: 'wx1', secret: 'secret-one', openPlatform: 'platform' };

let running: RunningSandbox;
let wechat: WechatCaller;
let session: WechatBody;

beforeAll(async () => {
  running = await startSandbox({ apps: [APP], logger: createLogger('silent') });
  wechat = new WechatCaller(running.url, APP);
});
beforeEach(async () => {
  session = await wechat.exchange(running.sandbox.wxLogin('alice').code);
});
afterAll(() => running.close());

const encrypt = (kind: string, order: object = {}) =>
  wechat.control('encrypted-data', { user: 'alice', kind, ...order });

function decrypt({ encryptedData, iv }: WechatBody, key = session['session_key'] as string): WechatBody {
  const decipher = createDecipheriv('aes-128-cbc', Buffer.from(key, 'base64'), Buffer.from(iv as string, 'base64'));
  const encrypted = Buffer.from(encryptedData as string, 'base64');
  return JSON.parse(Buffer.concat([decipher.update(encrypted), decipher.final()]).toString()) as WechatBody;
}

const WATERMARK = { timestamp: expect.any(Number), appid: 'wx1' };

describe('POST /sandbox/encrypted-data', () => {
  it('encrypts userInfo, with the open part and its signature', async () => {
    const answer = await encrypt('userInfo', { data: { nickName: '阿丽' } });
    const plain = decrypt(answer);
    expect(plain).toMatchObject({
      openId: session['openid'],
      unionId: session['unionid'],
      nickName: '阿丽',
      gender: 0,
    });
    expect(plain['watermark']).toEqual(WATERMARK);
    const rawData = answer['rawData'] as string;
    expect(JSON.parse(rawData)).toMatchObject({ nickName: '阿丽', gender: 0 });
    expect(rawData).not.toContain(session['openid']);
    const signature = createHash('sha1')
      .update(rawData + session['session_key'])
      .digest('hex');
    expect(answer['signature']).toBe(signature);
  });

  it('leaves the unionid out for who has none', async () => {
    running.sandbox.createUser({ id: 'erin', unionid: false });
    const { session_key } = await wechat.exchange(running.sandbox.wxLogin('erin').code);
    const plain = decrypt(await encrypt('userInfo', { user: 'erin' }), session_key as string);
    expect(plain).not.toHaveProperty('unionId');
    expect(plain).toHaveProperty('nickName', '微信用户');
  });

  it('encrypts the phone number, and so does the button', async () => {
    const phone = { countryCode: '86', purePhoneNumber: '12066600002' };
    const fromButton = await wechat.control('phone-number', { user: 'alice', phone });
    expect(decrypt(fromButton)).toEqual({
      phoneNumber: '12066600002',
      purePhoneNumber: '12066600002',
      countryCode: '86',
      watermark: WATERMARK,
    });
    expect(decrypt(await encrypt('phoneNumber'))['purePhoneNumber']).toMatch(/^199\d{8}$/);
  });

  it('encrypts a month of steps, one entry a day', async () => {
    const { stepInfoList, watermark } = decrypt(await encrypt('weRunData'));
    expect(watermark).toEqual(WATERMARK);
    const days = (stepInfoList as WechatBody[]).map(({ timestamp }) => timestamp as number);
    expect(days).toHaveLength(31);
    expect(days.every((day, index) => index === 0 || day - days[index - 1]! === 86_400)).toBe(true);
    expect(watermark.timestamp - days.at(-1)!).toBeLessThan(86_400);
  });

  it('encrypts the group a card was shared to', async () => {
    const first = decrypt(await encrypt('shareInfo'));
    expect(first).toEqual({ openGId: expect.stringMatching(/^tG[\w-]{26}$/), watermark: WATERMARK });
    expect(decrypt(await encrypt('shareInfo'))['openGId']).toBe(first['openGId']);
    expect(decrypt(await encrypt('shareInfo', { data: { openGId: 'tGother' } }))['openGId']).toBe('tGother');
  });

  it('lies about time and app where it is told to', async () => {
    const stale = decrypt(await encrypt('phoneNumber', { watermark: { timestamp: 1_477_314_187 } }));
    expect(stale['watermark']).toEqual({ timestamp: 1_477_314_187, appid: 'wx1' });
    const foreign = decrypt(await encrypt('userInfo', { watermark: { appid: 'wx2' } }));
    expect(foreign['watermark']).toEqual({ ...WATERMARK, appid: 'wx2' });
    expect(foreign['openId']).toBe(session['openid']);
  });

  it('uses the key of the newest wx.login, and of no other', async () => {
    const before = session['session_key'] as string;
    const rotated = await wechat.exchange(running.sandbox.wxLogin('alice').code);
    const answer = await encrypt('shareInfo');
    expect(decrypt(answer, rotated['session_key'] as string)).toHaveProperty('openGId');
    // A wrong key passes the padding one time in 256, and never gives JSON.
    expect(() => decrypt(answer, before)).toThrow();
  });

  it('needs a live session_key', async () => {
    await wechat.control('session-key/expire', { user: 'alice' }, { status: 204 });
    for (const user of ['alice', 'nobody-yet']) {
      const answer = await wechat.control('encrypted-data', { user, kind: 'shareInfo' }, { status: 400 });
      expect(answer['code']).toBe('VALIDATION_FAILED');
      const button = await wechat.control('phone-number', { user });
      expect(Object.keys(button).toSorted()).toEqual(['code', 'expiresIn']);
    }
  });
});

describe('the routes of the phones', () => {
  it.each<[string, object]>([
    ['users', { id: 'alice', riskRank: 5 }],
    ['users', { id: 'alice', riskRank: null }],
    ['users', { id: 'alice', phone: { countryCode: '86' } }],
    ['users', { id: 'alice', phone: { countryCode: '+86', purePhoneNumber: '12066600001' } }],
    ['users', { id: 'alice', phone: null }],
    ['phone-number', {}],
    ['phone-number', { user: 'alice', phone: '12066600001' }],
    ['phone-number', { user: 'alice', phone: null }],
    ['phone-number', { user: 'alice', phone: { countryCode: '86', purePhoneNumber: '1206660000١' } }],
    ['phone-number', { user: 'alice', countryCodeType: 'text' }],
    ['encrypted-data', { user: 'alice' }],
    ['encrypted-data', { user: 'alice', kind: 'address' }],
    ['encrypted-data', { user: 'alice', kind: 'userInfo', data: 'text' }],
    ['encrypted-data', { user: 'alice', kind: 'userInfo', watermark: { timestamp: 1_477_314_187_000 } }],
    ['encrypted-data', { user: 'alice', kind: 'userInfo', watermark: { appId: 'wx1' } }],
    ['user-key', { user: 'somebody-without-a-login' }],
    ['plugin-login', { user: '' }],
    ['session-key/rotate', {}],
    ['session-key/expire', { user: 'somebody-without-a-login' }],
  ])('refuse %s %j', async (path, body) => {
    expect(await wechat.control(path, body, { status: 400 })).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it.each(['phone-number', 'encrypted-data', 'user-key', 'plugin-login', 'session-key/rotate', 'session-key/expire'])(
    'refuse an app that does not exist: %s',
    async (path) => {
      const kind = path === 'encrypted-data' ? { kind: 'shareInfo' } : {};
      const answer = await wechat.control(path, { user: 'alice', appId: 'wx9', ...kind }, { status: 400 });
      expect(answer['code']).toBe('WECHAT_APP_UNKNOWN');
    },
  );
});
