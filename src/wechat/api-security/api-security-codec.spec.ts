import { constants, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { WechatApiSecurity } from '../../config/settings.js';
import { ApiSecurityCodec } from './api-security-codec.js';
import { isSignedBy, signMessage } from './payload-signature.js';
import { openPayload, sealPayload } from './sealed-payload.js';

const VECTORS = JSON.parse(
  readFileSync(new URL('../../../test/vectors/wechat-api-security.json', import.meta.url), 'utf8'),
) as {
  aes256gcm_request: SealVector & { url: string; appid: string; symmetricKeySn: string; symmetricKey: string };
  aes256gcm_response: SealVector;
  rsa_pss_request_signature: { publicKeyPem: string; body: string; signature: string };
  rsa_pss_response_signature: {
    platformCertSn: string;
    platformCertPem: string;
    signature: string;
    serialDeprecated: string;
    signatureDeprecated: string;
  };
};
interface SealVector {
  timestamp: number;
  iv: string;
  data: string;
  authtag: string;
  aad: string;
  plaintext: string;
}

const { url, appid: appId, symmetricKey, symmetricKeySn } = VECTORS.aes256gcm_request;
const { platformCertSn: serial, platformCertPem, serialDeprecated } = VECTORS.rsa_pss_response_signature;
const KEY = Buffer.from(symmetricKey, 'base64');
const ANSWERED_AT = VECTORS.aes256gcm_response.timestamp;
const SPKI = { type: 'spki', format: 'pem' } as const;
const PKCS8 = { type: 'pkcs8', format: 'pem' } as const;
const ours = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8 });
const KEYS: WechatApiSecurity = {
  symmetricSn: symmetricKeySn,
  symmetricKey,
  privateKey: ours.privateKey,
  certificates: [{ serial, certificate: platformCertPem }],
};

const bodyOf = ({ iv, data, authtag }: SealVector) => JSON.stringify({ iv, data, authtag });

/** The answer of WeChat's documentation, byte for byte. */
const ANSWER = {
  headers: {
    'wechatmp-appid': appId,
    'wechatmp-timestamp': String(ANSWERED_AT),
    'wechatmp-serial': serial,
    'wechatmp-signature': VECTORS.rsa_pss_response_signature.signature,
    'wechatmp-serial-deprecated': serialDeprecated,
    'wechatmp-signature-deprecated': VECTORS.rsa_pss_response_signature.signatureDeprecated,
  },
  text: bodyOf(VECTORS.aes256gcm_response),
};

const codecAt = (seconds: number, changes: Partial<WechatApiSecurity> = {}) =>
  new ApiSecurityCodec(appId, { ...KEYS, ...changes }, { clock: () => seconds * 1000 });

function refusalOf(attempt: () => unknown): unknown {
  try {
    attempt();
  } catch (error) {
    const { code, context } = error as { code: string; context: { reason: string } };
    return [code, context.reason];
  }
  return 'none';
}

describe("WeChat's own example", () => {
  it('of a request: the sealed data opens under the AAD, and its signature holds', () => {
    const { aes256gcm_request: sealed, rsa_pss_request_signature: signed } = VECTORS;
    expect(bodyOf(sealed)).toBe(signed.body);
    expect(openPayload({ ...sealed }, KEY, sealed.aad)).toBe(sealed.plaintext);
    const message = { url, appId, timestamp: String(sealed.timestamp), body: signed.body };
    const publicKey = createPublicKey(signed.publicKeyPem);
    expect(isSignedBy(publicKey, message, signed.signature)).toBe(true);
    expect(isSignedBy(publicKey, { ...message, body: `${signed.body}\n` }, signed.signature)).toBe(false);
  });

  it('of an answer: the codec gives what was sealed, without the fields of the seal', () => {
    expect(codecAt(ANSWERED_AT).open(url, ANSWER)).toEqual({
      errcode: 0,
      errmsg: 'getuserriskrank succ',
      risk_rank: 0,
      unoin_id: 2258658297,
    });
  });

  it('is believed 300 s before and after its time, and not longer', () => {
    for (const apart of [-300, 300]) expect(codecAt(ANSWERED_AT + apart).open(url, ANSWER)).toHaveProperty('risk_rank');
    for (const apart of [-301, 301]) {
      expect(refusalOf(() => codecAt(ANSWERED_AT + apart).open(url, ANSWER))).toEqual([
        'WECHAT_UNAVAILABLE',
        'the answer is 301 s away from this clock',
      ]);
    }
  });

  it('is believed once', () => {
    const codec = codecAt(ANSWERED_AT);
    codec.open(url, ANSWER);
    expect(refusalOf(() => codec.open(url, ANSWER))).toEqual(['WECHAT_UNAVAILABLE', 'the answer was given before']);
    // The same signature, spelled another way.
    const respelled = { ...ANSWER.headers, 'wechatmp-signature': `${ANSWER.headers['wechatmp-signature']} ` };
    expect(refusalOf(() => codec.open(url, { ...ANSWER, headers: respelled }))).toEqual([
      'WECHAT_UNAVAILABLE',
      'the answer was given before',
    ]);
  });

  it.each<[string, Partial<Record<keyof typeof ANSWER.headers, string>>, string]>([
    ['another appid', { 'wechatmp-appid': 'wx-other' }, 'the answer is for another app'],
    ['another timestamp', { 'wechatmp-timestamp': String(ANSWERED_AT + 1) }, 'the signature is wrong'],
    ['a timestamp that is none', { 'wechatmp-timestamp': 'now' }, 'the answer has no timestamp'],
    ['no signature', { 'wechatmp-signature': '' }, 'the signature is wrong'],
  ])('is refused with %s', (_what, changes, reason) => {
    const headers = { ...ANSWER.headers, ...changes };
    expect(refusalOf(() => codecAt(ANSWERED_AT).open(url, { ...ANSWER, headers }))).toEqual([
      'WECHAT_UNAVAILABLE',
      reason,
    ]);
  });

  it('is refused for another call, and with a body of other bytes though the JSON is the same', () => {
    const wrong = ['WECHAT_UNAVAILABLE', 'the signature is wrong'];
    expect(refusalOf(() => codecAt(ANSWERED_AT).open(`${url}2`, ANSWER))).toEqual(wrong);
    const text = `${ANSWER.text} `;
    expect(refusalOf(() => codecAt(ANSWERED_AT).open(url, { ...ANSWER, text }))).toEqual(wrong);
  });

  it('is refused where its certificate is not configured; a wrong older signature is no way in', () => {
    const other = { serial: 'other', certificate: platformCertPem };
    expect(refusalOf(() => codecAt(ANSWERED_AT, { certificates: [other] }).open(url, ANSWER))).toEqual([
      'WECHAT_MISCONFIGURED',
      'the answer is signed with a certificate that is not configured',
    ]);
    const deprecated = { serial: serialDeprecated, certificate: platformCertPem };
    expect(refusalOf(() => codecAt(ANSWERED_AT, { certificates: [deprecated] }).open(url, ANSWER))).toEqual([
      'WECHAT_UNAVAILABLE',
      'the signature is wrong',
    ]);
  });

  it('is refused where the symmetric key or its number is another one', () => {
    const expected = ['WECHAT_MISCONFIGURED', 'the answer cannot be decrypted; compare symmetricKey and symmetricSn'];
    const otherKey = Buffer.alloc(32).toString('base64');
    for (const changes of [{ symmetricSn: 'other' }, { symmetricKey: otherKey }]) {
      expect(refusalOf(() => codecAt(ANSWERED_AT, changes).open(url, ANSWER))).toEqual(expected);
    }
  });
});

describe('a refusal', () => {
  const codec = codecAt(ANSWERED_AT);

  it('is believed without a signature, by its errcode alone', () => {
    const text = JSON.stringify({ errcode: 40001, errmsg: 'invalid credential', phone_info: { purePhoneNumber: '1' } });
    expect(codec.open(url, { headers: {}, text })).toEqual({ errcode: 40001 });
  });

  it.each([
    ['a success in the clear', JSON.stringify({ errcode: 0, risk_rank: 0 })],
    ['a success without errcode', JSON.stringify({ risk_rank: 0 })],
    ['an errcode that is text', JSON.stringify({ errcode: '40001' })],
  ])('is not %s', (_what, text) => {
    expect(refusalOf(() => codec.open(url, { headers: {}, text }))).toEqual([
      'WECHAT_UNAVAILABLE',
      'the answer is not sealed',
    ]);
    const headers = { 'wechatmp-appid': appId, 'wechatmp-timestamp': String(ANSWERED_AT) };
    expect(refusalOf(() => codec.open(url, { headers, text }))).toEqual([
      'WECHAT_UNAVAILABLE',
      'the answer is not signed',
    ]);
  });

  it.each(['', 'null', '[]', '<html>'])('is not %j', (text) => {
    expect(refusalOf(() => codec.open(url, { headers: {}, text }))).toEqual([
      'WECHAT_UNAVAILABLE',
      'the answer is no JSON object',
    ]);
  });
});

describe('an answer that WeChat signed', () => {
  const wechat = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: SPKI,
    privateKeyEncoding: PKCS8,
  });
  const certificates = [{ serial: 'new', publicKey: wechat.publicKey }];
  const timestamp = String(ANSWERED_AT);
  const aad = [url, appId, timestamp, symmetricKeySn].join('|');

  function signed(body: string, suffix = '', saltLength = 32) {
    const key = { key: wechat.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
    const signature = sign('sha256', Buffer.from([url, appId, timestamp, body].join('\n')), key).toString('base64');
    const headers = {
      'wechatmp-appid': appId,
      'wechatmp-timestamp': timestamp,
      'wechatmp-serial': 'not-known-here',
      'wechatmp-signature': 'not-known-here',
      [`wechatmp-serial${suffix}`]: 'new',
      [`wechatmp-signature${suffix}`]: signature,
    };
    return { headers, text: body };
  }
  const inner = { _n: 'n', _appid: appId, _timestamp: ANSWERED_AT, errcode: 0 };
  const seal = (fields: Record<string, unknown>) => sealPayload(JSON.stringify(fields), KEY, aad);
  const codec = codecAt(ANSWERED_AT, { certificates });

  it('is believed, whatever the length of the salt', () => {
    for (const salt of [20, 32, 64]) expect(codec.open(url, signed(seal(inner), '', salt))).toEqual({ errcode: 0 });
  });

  it('is believed by the older of two certificates, and says so', () => {
    const noted: string[] = [];
    const onDeprecatedCertificate = (one: string) => noted.push(one);
    const surroundings = { clock: () => ANSWERED_AT * 1000, onDeprecatedCertificate };
    const rotating = new ApiSecurityCodec(appId, { ...KEYS, certificates }, surroundings);
    expect(rotating.open(url, signed(seal(inner), '-deprecated'))).toEqual({ errcode: 0 });
    expect(noted).toEqual(['new']);
    rotating.open(url, signed(seal(inner)));
    expect(noted).toHaveLength(1);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another appid', { ...inner, _appid: 'wx-other' }, 'the sealed appid is another one'],
    ['no appid', { ...inner, _appid: undefined }, 'the sealed appid is another one'],
    ['another timestamp', { ...inner, _timestamp: ANSWERED_AT - 1 }, 'the sealed timestamp is another one'],
  ])('is refused with %s within the seal', (_what, fields, reason) => {
    expect(refusalOf(() => codec.open(url, signed(seal(fields))))).toEqual(['WECHAT_UNAVAILABLE', reason]);
  });

  it.each<[string, (sealed: Record<string, string>) => Record<string, unknown>]>([
    ['a tag cut to four bytes', (sealed) => ({ ...sealed, authtag: cut(sealed['authtag']!, 4) })],
    ['another tag', (sealed) => ({ ...sealed, authtag: Buffer.alloc(16).toString('base64') })],
    ['an iv of eleven bytes', (sealed) => ({ ...sealed, iv: cut(sealed['iv']!, 11) })],
    ['no data', (sealed) => ({ ...sealed, data: undefined })],
    ['data that is no base64', (sealed) => ({ ...sealed, data: `!${sealed['data']}` })],
  ])('is refused with %s', (_what, spoil) => {
    const sealed = JSON.parse(seal(inner)) as Record<string, string>;
    expect(refusalOf(() => codec.open(url, signed(JSON.stringify(spoil(sealed)))))).toEqual([
      'WECHAT_MISCONFIGURED',
      'the answer cannot be decrypted; compare symmetricKey and symmetricSn',
    ]);
  });
});

describe('a sealed request', () => {
  const codec = codecAt(ANSWERED_AT);
  const fields = { openid: 'o', scene: 0 };

  it('opens to its fields and those of the seal', () => {
    const { body, headers } = codec.seal(url, fields);
    expect(headers).toMatchObject({ 'Wechatmp-Appid': appId, 'Wechatmp-TimeStamp': String(ANSWERED_AT) });
    const aad = [url, appId, ANSWERED_AT, symmetricKeySn].join('|');
    const text = openPayload(JSON.parse(body) as Record<string, unknown>, KEY, aad);
    expect(JSON.parse(text!)).toEqual({
      ...fields,
      _n: expect.stringMatching(/^[A-Za-z0-9+/]{22,43}$/),
      _appid: appId,
      _timestamp: ANSWERED_AT,
    });
  });

  it('is signed over url, app, time and body', () => {
    const { body, headers } = codec.seal(url, fields);
    const signature = headers['Wechatmp-Signature']!;
    const publicKey = createPublicKey(ours.publicKey);
    const message = { url, appId, timestamp: String(ANSWERED_AT), body };
    expect(isSignedBy(publicKey, message, signature)).toBe(true);
    for (const changes of [{ url: 'u' }, { appId: 'a' }, { timestamp: '1' }, { body: '{}' }]) {
      expect(isSignedBy(publicKey, { ...message, ...changes }, signature)).toBe(false);
    }
  });

  it('never looks the same twice', () => {
    const message = { url, appId, timestamp: '1', body: '{}' };
    const privateKey = createPrivateKey(ours.privateKey);
    expect(signMessage(message, privateKey)).not.toBe(signMessage(message, privateKey));
    expect(codec.seal(url, fields).body).not.toBe(codec.seal(url, fields).body);
  });
});

function cut(base64: string, bytes: number): string {
  return Buffer.from(base64, 'base64').subarray(0, bytes).toString('base64');
}
