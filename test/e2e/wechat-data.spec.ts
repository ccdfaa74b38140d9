import { createCipheriv, randomBytes } from 'node:crypto';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { encryptUserData, signRawData } from '../../src/sandbox/encrypt-user-data.js';
import { expectProblem } from '../support/problems.js';
import { TestServer } from '../support/test-server.js';

const [APP, OTHER_APP] = SANDBOX_APPS.map(({ appId }) => appId) as [string, string];
const DECRYPT = '/v1/wechat/decrypt';

describe('encrypted data of WeChat', () => {
  let server: TestServer;
  let token: string;

  beforeAll(async () => {
    server = await TestServer.start();
    token = await signIn('alice');
  });
  afterAll(() => server.close());

  async function signIn(user: string, extra: Record<string, unknown> = {}): Promise<string> {
    return (await server.signIn(user, extra)).body.tokens.accessToken as string;
  }

  const decrypt = (body: Record<string, unknown>, bearer = token) => server.post(DECRYPT, body, { token: bearer });
  const now = () => Math.floor(Date.now() / 1000);

  /** Encrypts what the test likes with the session_key of the moment. */
  function sealed(data: unknown, user = 'alice', appId = APP) {
    return encryptUserData(JSON.stringify(data), server.wechat.sessionKey(user, appId)!);
  }

  it('comes back decrypted, without openId, unionId and watermark', async () => {
    const { encryptedData, iv, rawData, signature } = server.wechat.phones.encrypt('alice', {
      kind: 'userInfo',
      data: { nickName: '爱丽丝' },
    });
    const { status, body } = await decrypt({ encryptedData, iv, rawData, signature });
    expect(status).toBe(200);
    expect(body).toMatchObject({ nickName: '爱丽丝' });
    for (const withheld of ['openId', 'openid', 'unionId', 'watermark']) expect(body).not.toHaveProperty(withheld);
  });

  it('shows a phone number masked', async () => {
    const data = { purePhoneNumber: '13800138000', phoneNumber: '13800138000', countryCode: '86' };
    const { body } = await decrypt({ ...server.wechat.phones.encrypt('alice', { kind: 'phoneNumber', data }) });
    expect(body).toEqual({ purePhoneNumber: '138******00', phoneNumber: '138******00', countryCode: '86' });
  });

  it('may be steps, or the group that a card was shared to', async () => {
    const steps = await decrypt({ ...server.wechat.phones.encrypt('alice', { kind: 'weRunData' }) });
    expect(steps.body.stepInfoList.length).toBeGreaterThan(10);
    const group = await decrypt({ ...server.wechat.phones.encrypt('alice', { kind: 'shareInfo' }) });
    expect(group.body).toEqual({ openGId: expect.any(String) });
  });

  it('that the phone encrypted before the last wx.login is read, too', async () => {
    const blob = server.wechat.phones.encrypt('alice', { kind: 'weRunData' });
    server.wechat.phones.rotateSessionKey('alice');
    const later = await signIn('alice');
    expect((await decrypt({ ...blob }, later)).status).toBe(200);
  });

  it('may come again from the session that brought it, with the same result, and from no other', async () => {
    const blob = sealed({ gift: 7, watermark: { timestamp: now(), appid: APP } });
    const first = await decrypt({ ...blob });
    const again = await Promise.all([decrypt({ ...blob }), decrypt({ ...blob })]);
    expect(first.body).toEqual({ gift: 7 });
    expect(again.map(({ status, body }) => [status, body])).toEqual([
      [200, first.body],
      [200, first.body],
    ]);

    // Another device of the same person, whose session_key is the same.
    const { code } = server.wechat.wxLogin('alice');
    const other = (await server.post('/v1/auth/wechat/login', { code })).body.tokens.accessToken as string;
    expectProblem(await decrypt({ ...blob }, other), 'USER_DATA_UNREADABLE');
    await server.sql(`update user_data_readings set read_at = now() - interval '11 minutes'`);
    expect((await decrypt({ ...blob }, other)).status).toBe(200);
  });

  it('is claimed by one of two sessions that show it at once', async () => {
    const other = await signIn('alice');
    const blob = sealed({ watermark: { timestamp: now(), appid: APP } });
    const answers = await Promise.all([decrypt({ ...blob }), decrypt({ ...blob }, other)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400]);
  });

  describe('that is not right', () => {
    const refused: Record<string, () => Record<string, unknown>> = {
      'a wrong key': () => ({
        ...encryptUserData(
          JSON.stringify({ watermark: { timestamp: now(), appid: APP } }),
          randomBytes(16).toString('base64'),
        ),
      }),
      'a flipped iv': () => {
        const { encryptedData, iv } = good();
        const bytes = Buffer.from(iv, 'base64');
        bytes[0]! ^= 0x20;
        return { encryptedData, iv: bytes.toString('base64') };
      },
      'a ciphertext with a block in front': () => {
        const { encryptedData, iv } = good();
        return {
          encryptedData: Buffer.concat([randomBytes(16), Buffer.from(encryptedData, 'base64')]).toString('base64'),
          iv,
        };
      },
      'a plus that became a space': () => {
        for (;;) {
          const { encryptedData, iv } = sealed({ a: randomBytes(48).toString('hex'), ...fresh() });
          if (encryptedData.includes('+')) return { encryptedData: encryptedData.replaceAll('+', ' '), iv };
        }
      },
      'a foreign app': () => ({ ...sealed({ watermark: { timestamp: now(), appid: OTHER_APP } }) }),
      'an old watermark': () => ({ ...sealed({ watermark: { timestamp: now() - 301, appid: APP } }) }),
      'no watermark': () => ({ ...sealed({ gift: 7 }) }),
      'JSON that is no object': () => ({ ...sealed([1, 2]) }),
      'text that is no JSON': () => ({ ...encryptUserData('hello', server.wechat.sessionKey('alice', APP)!) }),
      'another person': () => ({ ...sealed({ openId: 'o-mallory', ...fresh() }) }),
      'bad padding': () => {
        const key = Buffer.from(server.wechat.sessionKey('alice', APP)!, 'base64');
        const iv = randomBytes(16);
        const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
        const encryptedData = Buffer.concat([cipher.update(Buffer.alloc(64, 99)), cipher.final()]).toString('base64');
        return { encryptedData, iv: iv.toString('base64') };
      },
      'a wrong signature': () => ({ ...good(), rawData: '{}', signature: signRawData('{} ', 'x') }),
      'text of another language': () => ({ encryptedData: '你好', iv: '世界' }),
    };
    const fresh = () => ({ watermark: { timestamp: now(), appid: APP } });
    const good = () => sealed({ a: 'b', ...fresh() });

    it('is refused with one and the same answer, and the log says why', async () => {
      const bodies = new Set<string>();
      const before = server.logs.length;
      for (const make of Object.values(refused)) {
        const answer = await decrypt(make());
        expectProblem(answer, 'USER_DATA_UNREADABLE');
        bodies.add(JSON.stringify({ ...answer.body, traceId: '' }));
      }
      expect([...bodies]).toHaveLength(1);
      const told = server.logs.slice(before).filter((line) => line.includes('encrypted user data is not believed'));
      const reasons = told.map((line) => (JSON.parse(line) as { reason: string }).reason);
      expect(reasons).toHaveLength(Object.keys(refused).length);
      expect(new Set(reasons).size).toBeGreaterThan(5);
    });

    it.each([
      ['nothing', {}],
      ['no iv', { encryptedData: 'AAAA' }],
      ['an object for a text', { encryptedData: { $ne: '' }, iv: 'AAAA' }],
      ['a signature without its data', { encryptedData: 'AAAA', iv: 'AAAA', signature: 'a' }],
      ['data without its signature', { encryptedData: 'AAAA', iv: 'AAAA', rawData: 'a' }],
      ['an openid of the caller’s', { encryptedData: 'AAAA', iv: 'AAAA', openid: 'o-mallory' }],
    ])('is told to be no request at all: %s', async (_name, body) => {
      expectProblem(await decrypt(body), 'VALIDATION_FAILED');
    });
  });

  it('needs an access token, and a session that WeChat opened', async () => {
    expectProblem(await server.post(DECRYPT, sealed({})), 'ACCESS_TOKEN_MISSING');
    const stranger = await signIn('without-wechat');
    await server.sql(
      `update sessions set identity_id = null where user_id = (select user_id from sessions order by created_at desc limit 1)`,
    );
    expectProblem(await decrypt({ ...sealed({}) }, stranger), 'WECHAT_IDENTITY_REQUIRED');
    expectProblem(await server.get('/v1/wechat/session', { token: stranger }), 'WECHAT_IDENTITY_REQUIRED');
  });

  it('is read for the app of the session, with the session_key of that app', async () => {
    const there = await signIn('alice', { appId: OTHER_APP });
    const blob = sealed({ watermark: { timestamp: now(), appid: OTHER_APP } }, 'alice', OTHER_APP);
    expect((await decrypt({ ...blob }, there)).status).toBe(200);
    expectProblem(
      await decrypt({ ...sealed({ watermark: { timestamp: now(), appid: APP } }) }, there),
      'USER_DATA_UNREADABLE',
    );
  });

  describe('and its session_key', () => {
    it('is good as long as WeChat says so', async () => {
      const bob = await signIn('bob');
      expect((await server.get('/v1/wechat/session', { token: bob })).body).toEqual({ valid: true });
      server.wechat.phones.rotateSessionKey('bob');
      expectProblem(await server.get('/v1/wechat/session', { token: bob }), 'SESSION_KEY_STALE');
      const again = await signIn('bob');
      expect((await server.get('/v1/wechat/session', { token: again })).body).toEqual({ valid: true });
    });

    it('can be replaced, and the old one still reads what is under way', async () => {
      const carol = await signIn('carol');
      const before = server.wechat.sessionKey('carol', APP);
      const blob = sealed({ watermark: { timestamp: now(), appid: APP } }, 'carol');
      expect((await server.post('/v1/wechat/session/reset', {}, { token: carol })).status).toBe(204);
      const after = server.wechat.sessionKey('carol', APP);
      expect(after).not.toBe(before);
      expect((await server.get('/v1/wechat/session', { token: carol })).body).toEqual({ valid: true });
      expect((await decrypt({ ...blob }, carol)).status).toBe(200);
      expect(
        (await decrypt({ ...sealed({ a: 1, watermark: { timestamp: now(), appid: APP } }, 'carol') }, carol)).status,
      ).toBe(200);
    });

    it('stands sealed in the database, in no log and in no answer', async () => {
      const keys = ['alice', 'bob', 'carol'].map((user) => server.wechat.sessionKey(user, APP)!);
      const [{ dump } = { dump: '' }] = await server.sql<{ dump: string }>(
        `select string_agg(w::text, '') as dump from wechat_sessions w`,
      );
      const logged = server.logs.join('\n');
      for (const key of keys) {
        const hex = Buffer.from(key, 'utf8').toString('hex');
        expect(dump).not.toContain(hex);
        expect(dump).not.toContain(Buffer.from(key, 'base64').toString('hex'));
        expect(logged).not.toContain(key);
      }
      expect(dump.length).toBeGreaterThan(200);
    });
  });
});
