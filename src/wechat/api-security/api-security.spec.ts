import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { WechatApiSecurity, WechatSettings } from '../../config/settings.js';
import { createLogger } from '../../logging/logger.js';
import { ApiSecurity } from './api-security.js';
import { isSignedBy, signMessage } from './payload-signature.js';
import { sealPayload } from './sealed-payload.js';

const PATH = '/wxa/getuserriskrank';
const APP_ID = 'wxsealed';
const app = generateKeyPairSync('rsa', { modulusLength: 2048 });
const wechat = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = { type: 'spki', format: 'pem' } as const;
const KEYS: WechatApiSecurity = {
  symmetricSn: 'sn',
  symmetricKey: randomBytes(32).toString('base64'),
  privateKey: app.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  certificates: [{ serial: 'old', publicKey: wechat.publicKey.export(pem).toString() }],
};

let logs: string[];
beforeEach(() => (logs = []));

function securityAt(apiBaseUrl: string): ApiSecurity {
  const apps = [
    { appId: APP_ID, secret: 's', apiSecurity: KEYS },
    { appId: 'wxclear', secret: 's' },
  ];
  const settings: WechatSettings = { apps, apiBaseUrl, timeoutMs: 1000, userDataMaxAgeSeconds: 300 };
  return new ApiSecurity(settings, createLogger('trace', { write: (line: string) => void logs.push(line) }));
}

/** An answer of WeChat's in which only the older of two certificates is known here. */
function rotatingAnswer(url: string) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const inner = { _n: 'n', _appid: APP_ID, _timestamp: Number(timestamp), errcode: 0 };
  const key = Buffer.from(KEYS.symmetricKey, 'base64');
  const text = sealPayload(JSON.stringify(inner), key, [url, APP_ID, timestamp, 'sn'].join('|'));
  const headers = {
    'wechatmp-appid': APP_ID,
    'wechatmp-timestamp': timestamp,
    'wechatmp-serial': 'new',
    'wechatmp-signature': 'of the new one',
    'wechatmp-serial-deprecated': 'old',
    'wechatmp-signature-deprecated': signMessage({ url, appId: APP_ID, timestamp, body: text }, wechat.privateKey),
  };
  return { headers, text };
}

describe('API security', () => {
  it('is for certain calls of apps that have keys', () => {
    const security = securityAt('https://api.weixin.qq.com');
    expect(security.of(APP_ID, PATH)).not.toBeNull();
    expect(security.of(APP_ID, '/sns/jscode2session')).toBeNull();
    expect(security.of('wxclear', PATH)).toBeNull();
    expect(security.of('nobody', PATH)).toBeNull();
  });

  it.each([
    ['https://api.weixin.qq.com', 'https://api.weixin.qq.com'],
    ['http://api.weixin.qq.com', 'https://api.weixin.qq.com'],
    ['https://sh.api.weixin.qq.com', 'https://sh.api.weixin.qq.com'],
    ['http://10.1.2.3:8081/wechat', 'https://api.weixin.qq.com'],
    ['https://api.weixin.qq.com.example.com', 'https://api.weixin.qq.com'],
  ])('reached at %s signs for %s', (apiBaseUrl, origin) => {
    const { body, headers } = securityAt(apiBaseUrl).of(APP_ID, PATH)!.seal({ openid: 'o' });
    const message = { url: origin + PATH, appId: APP_ID, timestamp: headers['Wechatmp-TimeStamp']!, body };
    expect(isSignedBy(createPublicKey(app.privateKey), message, headers['Wechatmp-Signature']!)).toBe(true);
  });

  it('tells the operator once that a certificate will be replaced', () => {
    const call = securityAt('https://api.weixin.qq.com').of(APP_ID, PATH)!;
    for (const _ of [1, 2]) {
      expect(call.open(rotatingAnswer(`https://api.weixin.qq.com${PATH}`))).toEqual({ errcode: 0 });
    }
    expect(logs.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ level: 'warn', appId: APP_ID, serial: 'old' }),
    ]);
  });

  it('tells the operator why an answer is not believed, and neither keys nor what was said', () => {
    const call = securityAt('https://api.weixin.qq.com').of(APP_ID, PATH)!;
    const answer = rotatingAnswer('https://api.weixin.qq.com/another');
    expect(() => call.open(answer)).toThrow(expect.objectContaining({ code: 'WECHAT_UNAVAILABLE' }));
    const [line] = logs;
    expect(JSON.parse(line!)).toMatchObject({ level: 'error', appId: APP_ID, reason: 'the signature is wrong' });
    const secrets = [KEYS.symmetricKey, KEYS.privateKey.split('\n')[1]!, answer.text.slice(20, 60)];
    for (const secret of secrets) expect(line).not.toContain(secret);
  });
});
