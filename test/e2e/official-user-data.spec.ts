import { readFileSync } from 'node:fs';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { Sealer } from '../../src/crypto/sealer.js';
import { placeIn } from '../../src/secrets/sealed-column.js';
import { SESSION_KEY } from '../../src/wechat/session-keys.repository.js';
import { withClockAheadBy } from '../support/native/clock.mjs';
import { expectProblem } from '../support/problems.js';
import { TEST_MASTER_KEY, TestServer } from '../support/test-server.js';

const VECTOR = (
  JSON.parse(readFileSync('test/vectors/session-key.json', 'utf8')) as {
    userInfo: { sessionKey: string; iv: string; encryptedData: string; plaintext: string };
  }
).userInfo;
const { openId, unionId, watermark, ...SHOWN } = JSON.parse(VECTOR.plaintext) as Record<string, unknown> & {
  openId: string;
  watermark: { appid: string; timestamp: number };
};
const APP = { appId: watermark.appid, secret: 'secret-of-the-official-example' };

describe('the official example of encrypted data', () => {
  let server: TestServer;
  let token: string;

  beforeAll(async () => {
    server = await TestServer.start({ WECHAT_APPS: JSON.stringify([...SANDBOX_APPS, APP]) });
    const { user, tokens } = (await server.signIn('alice')).body;
    token = tokens.accessToken;
    await becomeExample(user.id as string);
  });
  afterAll(() => server.close());

  /** Gives somebody the openid and the session_key of the example. */
  async function becomeExample(userId: string): Promise<void> {
    const sealer = new Sealer([{ id: 'test', secret: Buffer.from(TEST_MASTER_KEY, 'base64') }]);
    const sealed = sealer.seal(Buffer.from(VECTOR.sessionKey), placeIn(SESSION_KEY, APP.appId, openId));
    await server.sql(`update identities set issuer = $2, subject = $3 where user_id = $1 and kind = 'wechat_openid'`, [
      userId,
      APP.appId,
      openId,
    ]);
    await server.sql(
      `insert into wechat_sessions (app_id, openid, session_key_sealed, fingerprint, called_at) values ($1, $2, $3, '', now())`,
      [APP.appId, openId, sealed],
    );
  }

  const decrypt = () =>
    server.post('/v1/wechat/decrypt', { encryptedData: VECTOR.encryptedData, iv: VECTOR.iv }, { token });

  it('is too old to be believed today, and wrong in nothing else', async () => {
    expectProblem(await decrypt(), 'USER_DATA_UNREADABLE');
    const told = server.logs.filter((line) => line.includes('encrypted user data is not believed')).at(-1)!;
    expect(JSON.parse(told)).toMatchObject({ reason: 'age' });
  });

  it('is read in the minute it was made, without openId, unionId and watermark', async () => {
    expect(unionId).toBeDefined();
    const tenSecondsLater = (watermark.timestamp + 10) * 1000;
    const answer = await withClockAheadBy(tenSecondsLater - Date.now(), decrypt);
    expect(answer).toMatchObject({ status: 200, body: SHOWN });
  });
});
