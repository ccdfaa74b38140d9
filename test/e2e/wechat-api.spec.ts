import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import type { AppError } from '../../src/errors/app-error.js';
import { WechatApi } from '../../src/wechat/wechat-api.js';
import { read } from '../support/repository.js';
import { startSmallUpstream, type SmallUpstream } from '../support/small-upstream.js';
import type { WechatInstance } from '../support/wechat-instance.js';
import { WechatWorld } from '../support/wechat-world.js';

const [APP, OTHER_APP] = SANDBOX_APPS.map(({ appId }) => appId) as [string, string];
const VECTORS = JSON.parse(read('test/vectors/session-key.json')) as {
  sessionSignature: { sessionKey: string; signatureOfEmptyText: string };
  encryptedMsgHash: { encryptedData: string; hash: string };
};

const world = new WechatWorld(3000);
beforeAll(() => world.open());
afterAll(() => world.close());

describe('WeChat, asked by its own names,', () => {
  let api: WechatApi;
  beforeAll(async () => {
    await world.reset();
    api = (await world.startInstance()).get(WechatApi, { strict: false });
  });
  beforeEach(() => {
    world.wechat.clearFaults();
    world.wechat.clearCalls();
  });

  /** A person who has just called `wx.login`, and the session_key of that moment. */
  function visitor(user: string, appId = APP) {
    world.wechat.wxLogin(user, appId);
    const openid = world.wechat.createUser({ id: user }).openids[appId]!;
    return { appId, openid, sessionKey: world.wechat.sessionKey(user, appId)! };
  }
  const codeOf = (user: string) => world.wechat.phones.pressPhoneButton(user).code;

  describe('getPhoneNumber', () => {
    it.each(['string', 'number'] as const)(
      'tells a number, its country code as text where WeChat writes a %s',
      async (type) => {
        const { openid } = visitor('alice');
        const phone = { countryCode: '852', purePhoneNumber: '51234567' };
        const { code } = world.wechat.phones.pressPhoneButton('alice', { phone, countryCodeType: type });
        expect(await api.getPhoneNumber({ appId: APP, openid, code })).toEqual({
          phoneNumber: '+85251234567',
          ...phone,
        });
      },
    );

    it('refuses a code a second time, a made-up one, and one of wx.login', async () => {
      const { openid } = visitor('alice');
      const code = codeOf('alice');
      await api.getPhoneNumber({ appId: APP, openid, code });
      for (const wrong of [code, 'made-up', world.wechat.wxLogin('alice').code]) {
        await expect(api.getPhoneNumber({ appId: APP, openid, code: wrong })).rejects.toMatchObject({
          code: 'PHONE_CODE_REJECTED',
        });
      }
    });

    it('refuses another person’s code, which stays good for its own', async () => {
      const [alice, mallory] = [visitor('alice'), visitor('mallory')];
      const code = codeOf('alice');
      await expect(api.getPhoneNumber({ appId: APP, openid: mallory.openid, code })).rejects.toMatchObject({
        code: 'PHONE_CODE_REJECTED',
      });
      await expect(api.getPhoneNumber({ appId: APP, openid: alice.openid, code })).resolves.toBeDefined();
    });

    it.each([
      ['cuts the connection', { kind: 'reset' } as const],
      ['is busy', { kind: 'errcode', errcode: -1 } as const],
    ])('sends the code once when WeChat %s', async (_what, fault) => {
      const { openid } = visitor('alice');
      world.wechat.fail({ api: 'getuserphonenumber', ...fault });
      const asked = api.getPhoneNumber({ appId: APP, openid, code: codeOf('alice') });
      await expect(asked).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
      expect(world.calls()['getuserphonenumber']).toBe(1);
    });

    it('goes on with the same code when only the access_token was refused', async () => {
      const { openid } = visitor('alice');
      const code = codeOf('alice');
      await api.getPhoneNumber({ appId: APP, openid, code: codeOf('alice') });
      world.wechat.refuseAccessTokens(42001, APP);
      await expect(api.getPhoneNumber({ appId: APP, openid, code })).resolves.toBeDefined();
    });
  });

  describe('session_keys', () => {
    it('checkSessionKey tells the good one from a stale one', async () => {
      const visit = visitor('alice');
      await api.checkSessionKey(visit);
      world.wechat.phones.rotateSessionKey('alice');
      await expect(api.checkSessionKey(visit)).rejects.toMatchObject({ code: 'SESSION_KEY_STALE' });
    });

    it('resetUserSessionKey gives another one, and ends the old one', async () => {
      const visit = visitor('alice');
      const { sessionKey } = await api.resetUserSessionKey(visit);
      expect(sessionKey).not.toBe(visit.sessionKey);
      await api.checkSessionKey({ ...visit, sessionKey });
      await expect(api.resetUserSessionKey(visit)).rejects.toMatchObject({ code: 'SESSION_KEY_STALE' });
    });

    it('an expired one is stale for all three calls', async () => {
      const visit = visitor('alice');
      world.wechat.phones.expireSessionKey('alice');
      for (const asked of [api.checkSessionKey(visit), api.resetUserSessionKey(visit), api.getUserEncryptKey(visit)]) {
        await expect(asked).rejects.toMatchObject({ code: 'SESSION_KEY_STALE' });
      }
    });

    it('getUserEncryptKey gives the keys of a person, newest first', async () => {
      const visit = visitor('alice');
      const older = world.wechat.phones.latestUserKey('alice');
      world.wechat.advance(3600);
      const newer = world.wechat.phones.latestUserKey('alice');
      const keys = await api.getUserEncryptKey(visit);
      expect(keys).toMatchObject([
        { encryptKey: newer.encryptKey, iv: newer.iv, version: newer.version },
        { encryptKey: older.encryptKey, iv: older.iv, version: older.version, secondsLeft: 0 },
      ]);
      expect(keys[0]!.secondsLeft).toBeGreaterThan(3500);
      expect(keys[0]!.createdAt.getTime()).toBe(Math.floor(newer.createdAt / 1000) * 1000);
    });
  });

  it('checkEncryptedData knows data of this app of the last three days', async () => {
    visitor('alice');
    const { encryptedData } = world.wechat.phones.pressPhoneButton('alice');
    const known = await api.checkEncryptedData({ appId: APP, encryptedData: encryptedData! });
    expect(Math.abs(known!.createdAt.getTime() - world.wechat.now())).toBeLessThan(2000);
    expect(await api.checkEncryptedData({ appId: OTHER_APP, encryptedData: encryptedData! })).toBeNull();
    expect(await api.checkEncryptedData({ appId: APP, encryptedData: `${encryptedData}=` })).toBeNull();
  });

  it('getPluginOpenPId tells who is behind a code, once, and refuses a code of wx.login', async () => {
    const { code } = world.wechat.phones.pluginLogin('alice');
    expect(await api.getPluginOpenPId({ appId: APP, code })).toMatch(/^\S+$/);
    for (const wrong of [code, world.wechat.wxLogin('alice').code]) {
      await expect(api.getPluginOpenPId({ appId: APP, code: wrong })).rejects.toMatchObject({
        code: 'WECHAT_CODE_REJECTED',
      });
    }
  });

  it('getUserRiskRank tells the rank of a person, and the number of the request', async () => {
    const { openid } = visitor('alice');
    const asked = { appId: APP, openid, scene: 0, clientIp: '203.0.113.7' } as const;
    expect(await api.getUserRiskRank(asked)).toEqual({ riskRank: 0, requestId: expect.any(Number) });
    world.wechat.advance(2 * 3600);
    await expect(api.getUserRiskRank(asked)).rejects.toMatchObject({ code: 'WECHAT_CODE_REJECTED' });
  });

  it('msgSecCheck tells what it thinks of a text', async () => {
    const { openid } = visitor('alice');
    world.wechat.addRiskyText({ text: '坏词', suggest: 'risky', label: 20001 });
    const asked = { appId: APP, openid, scene: 1 } as const;
    expect(await api.msgSecCheck({ ...asked, content: '好' })).toEqual({ suggest: 'pass', label: 100 });
    expect(await api.msgSecCheck({ ...asked, content: '有坏词的' })).toEqual({ suggest: 'risky', label: 20001 });
  });

  it('an app that is not configured is unknown', async () => {
    await expect(api.getPluginOpenPId({ appId: 'wx-unknown', code: 'c' })).rejects.toMatchObject({
      code: 'WECHAT_APP_UNKNOWN',
    });
  });
});

describe('what goes over the wire, and what comes back', () => {
  const person = { appId: APP, openid: 'o-alice' };
  let upstream: SmallUpstream;
  let instance: WechatInstance;
  let api: WechatApi;
  let answer: unknown;
  const bodies: string[] = [];
  beforeAll(async () => {
    // No token of the WeChat above is left where tokens are shared.
    await world.reset();
    upstream = await startSmallUpstream((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const isToken = request.url!.startsWith('/cgi-bin');
        if (!isToken) bodies.push(body);
        response.end(JSON.stringify(isToken ? { access_token: 'TOKEN', expires_in: 7200 } : answer));
      });
    });
    instance = await world.startInstance({ WECHAT_API_BASE_URL: upstream.url });
    api = instance.get(WechatApi, { strict: false });
  });
  afterAll(() => upstream.close());
  beforeEach(() => {
    upstream.requests.length = 0;
    bodies.length = 0;
    answer = { errcode: 0 };
  });
  const lastRequest = () => upstream.requests.at(-1);

  it('signs nothing with the session_key as it stands, as in the official example', async () => {
    const { sessionKey, signatureOfEmptyText: signature } = VECTORS.sessionSignature;
    await api.checkSessionKey({ ...person, sessionKey });
    expect(lastRequest()).toBe(
      `GET /wxa/checksession?access_token=TOKEN&openid=o-alice&signature=${signature}&sig_method=hmac_sha256`,
    );
  });

  it('names encrypted data by the official hash', async () => {
    const { encryptedData, hash } = VECTORS.encryptedMsgHash;
    answer = { errcode: 0, vaild: true, create_time: 1629121902 };
    const known = await api.checkEncryptedData({ appId: APP, encryptedData });
    expect(known).toEqual({ createdAt: new Date('2021-08-16T13:51:42Z') });
    expect(bodies).toEqual([JSON.stringify({ encrypted_msg_hash: hash })]);
    answer = { errcode: 0, vaild: false, create_time: 1629121902 };
    expect(await api.checkEncryptedData({ appId: APP, encryptedData })).toBeNull();
  });

  it('always sends the openid with a phone code, and the token in the URL alone', async () => {
    await api.getPhoneNumber({ ...person, code: 'c' }).catch(() => undefined);
    expect(lastRequest()).toBe('POST /wxa/business/getuserphonenumber?access_token=TOKEN');
    expect(bodies).toEqual([JSON.stringify({ code: 'c', openid: 'o-alice' })]);
  });

  it('sends version 2 of a text check, as UTF-8', async () => {
    answer = { errcode: 0, result: { suggest: 'review', label: 100 } };
    await api.msgSecCheck({ ...person, scene: 1, content: '昵称', nickname: '昵称' });
    const sent = { openid: 'o-alice', scene: 1, content: '昵称', nickname: '昵称', version: 2 };
    expect(bodies).toEqual([JSON.stringify(sent)]);
  });

  const PHONE = { phoneNumber: '13800000000', purePhoneNumber: '13800000000', countryCode: '86' };
  it.each<[string, unknown]>([
    ['of another app', { ...PHONE, watermark: { appid: OTHER_APP, timestamp: 1 } }],
    ['without a watermark', PHONE],
    ['without a number', { ...PHONE, purePhoneNumber: '', watermark: { appid: APP } }],
    ['with a number that is none', { ...PHONE, purePhoneNumber: 'CANARY', watermark: { appid: APP } }],
    ['without a country code', { ...PHONE, countryCode: undefined, watermark: { appid: APP } }],
    ['with a country code that is none', { ...PHONE, countryCode: -86, watermark: { appid: APP } }],
    ['that is text', 'CANARY'],
    ['that is null', null],
  ])('does not believe a phone number %s, nor repeat it', async (_what, phone_info) => {
    answer = { errcode: 0, phone_info };
    const error = await api.getPhoneNumber({ ...person, code: 'c' }).then(
      () => null,
      (thrown: AppError) => thrown,
    );
    expect(error).toMatchObject({ code: 'WECHAT_UNAVAILABLE', context: { api: 'getuserphonenumber' } });
    expect(JSON.stringify(error)).not.toMatch(/CANARY|138000/);
    expect(instance.logs.join('')).not.toMatch(/CANARY|138000/);
  });

  it.each<[string, unknown, (holder: typeof person & { sessionKey: string }) => Promise<unknown>]>([
    [
      'a session_key for somebody else',
      { openid: 'o-bob', session_key: 'k' },
      (holder) => api.resetUserSessionKey(holder),
    ],
    ['no session_key', { openid: 'o-alice' }, (holder) => api.resetUserSessionKey(holder)],
    ['no list of keys', {}, (holder) => api.getUserEncryptKey(holder)],
    ['a list of something else', { key_info_list: ['x'] }, (holder) => api.getUserEncryptKey(holder)],
    ['no openpid', {}, ({ appId }) => api.getPluginOpenPId({ appId, code: 'c' })],
    [
      'a rank of five',
      { risk_rank: 5, unoin_id: 1 },
      (holder) => api.getUserRiskRank({ ...holder, scene: 0, clientIp: '::1' }),
    ],
    [
      'a rank that is text',
      { risk_rank: '0' },
      (holder) => api.getUserRiskRank({ ...holder, scene: 0, clientIp: '::1' }),
    ],
    ['no verdict', {}, (holder) => api.msgSecCheck({ ...holder, scene: 1, content: 'x' })],
    [
      'another verdict',
      { result: { suggest: 'maybe', label: 1 } },
      (holder) => api.msgSecCheck({ ...holder, scene: 1, content: 'x' }),
    ],
  ])('does not believe %s', async (_what, fields, ask) => {
    answer = { errcode: 0, ...(fields as object) };
    await expect(ask({ ...person, sessionKey: 'key' })).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
  });
});
