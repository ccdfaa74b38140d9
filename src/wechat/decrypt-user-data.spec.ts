import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decryptUserData, STEPS, type DecryptionSteps, type SealedUserData } from './decrypt-user-data.js';

const VECTORS = JSON.parse(readFileSync('test/vectors/session-key.json', 'utf8')) as {
  userInfo: { sessionKey: string; iv: string; encryptedData: string; plaintext: string };
  rawData: { rawData: string; sessionKey: string; signature: string };
};

const APP = 'wx0123456789abcdef';
const OPENID = 'o-of-alice';
const NOW = new Date('2026-11-21T08:00:00Z');
const KEY = randomBytes(16).toString('base64');
const OTHER_KEY = randomBytes(16).toString('base64');

const watermark = (changes = {}) => ({ watermark: { timestamp: NOW.getTime() / 1000 - 10, appid: APP, ...changes } });

function seal(value: unknown, key = KEY, text = JSON.stringify(value)): SealedUserData {
  return sealBytes(Buffer.from(text, 'utf8'), key);
}

function sealBytes(plaintext: Buffer, key = KEY, padding = true): SealedUserData {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(key, 'base64'), iv).setAutoPadding(padding);
  const encrypted = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { encryptedData: encrypted.toString('base64'), iv: iv.toString('base64') };
}

const expected = (sessionKeys: readonly string[] = [KEY]) => ({
  appId: APP,
  openid: OPENID,
  sessionKeys,
  now: NOW,
  maxAgeSeconds: 300,
});

const good = seal({ openId: OPENID, nickName: '爱丽丝', ...watermark() });

function changedAt(base64: string, at: number): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes[at < 0 ? bytes.length + at : at]! ^= 1;
  return bytes.toString('base64');
}

describe('encrypted user data', () => {
  it('is read as WeChat’s own example', () => {
    const { sessionKey, plaintext, iv, encryptedData } = VECTORS.userInfo;
    const data = JSON.parse(plaintext) as { openId: string; watermark: { appid: string; timestamp: number } };
    const { openId, watermark } = data;
    const result = decryptUserData(
      { encryptedData, iv },
      {
        appId: watermark.appid,
        openid: openId,
        sessionKeys: [sessionKey],
        now: new Date(watermark.timestamp * 1000),
        maxAgeSeconds: 300,
      },
    );
    expect(result).toEqual({ data, cause: null });
  });

  it('is read with the key before, too', () => {
    expect(decryptUserData(good, expected([OTHER_KEY, KEY])).data).toMatchObject({ nickName: '爱丽丝' });
    expect(decryptUserData(good, expected([KEY, OTHER_KEY])).data).toMatchObject({ nickName: '爱丽丝' });
  });

  it('is signed as WeChat’s own example', () => {
    const { rawData, sessionKey, signature } = VECTORS.rawData;
    const data = seal({ openId: OPENID, ...watermark() }, sessionKey);
    const signed = (changes = {}) =>
      decryptUserData({ ...data, rawData, signature, ...changes }, expected([sessionKey]));
    expect(signed().cause).toBeNull();
    expect(signed({ rawData: `${rawData} ` }).cause).toBe('signature');
    expect(signed({ signature: signature.toUpperCase() }).cause).toBe('signature');
    expect(signed({ signature: `${signature}0` }).cause).toBe('signature');
    expect(signed({ signature: '' }).cause).toBe('signature');
  });

  it('may be as old as configured, and a minute ahead of our clock', () => {
    const made = (secondsAgo: number) =>
      decryptUserData(seal(watermark({ timestamp: NOW.getTime() / 1000 - secondsAgo })), expected()).cause;
    expect([made(300), made(301), made(-60), made(-61)]).toEqual([null, 'age', null, 'age']);
  });
});

/** Everything that must be refused, and what the log says of it. */
const REFUSED: Readonly<Record<string, readonly [SealedUserData, string, (readonly string[])?]>> = {
  'a wrong key': [good, 'padding', [OTHER_KEY]],
  'no key': [good, 'no-key', []],
  'a key that is no key': [good, 'no-key', ['AAAA']],
  'a flipped bit of the iv': [{ ...good, iv: changedAt(good.iv, 0) }, 'json'],
  'an iv of another length': [{ ...good, iv: Buffer.alloc(15).toString('base64') }, 'encoding'],
  'an empty iv': [{ ...good, iv: '' }, 'encoding'],
  'a flipped bit at the end': [{ ...good, encryptedData: changedAt(good.encryptedData, -1) }, 'padding'],
  'a block put in front': [
    {
      ...good,
      encryptedData: Buffer.concat([randomBytes(16), Buffer.from(good.encryptedData, 'base64')]).toString('base64'),
    },
    'json',
  ],
  'a block cut off': [
    { ...good, encryptedData: Buffer.from(good.encryptedData, 'base64').subarray(0, -16).toString('base64') },
    'padding',
  ],
  'half a block': [
    { ...good, encryptedData: Buffer.from(good.encryptedData, 'base64').subarray(0, -8).toString('base64') },
    'encoding',
  ],
  'a plus that became a space': [spaced(), 'encoding'],
  'base64 of URLs': [{ ...good, encryptedData: `${good.encryptedData.slice(0, -4)}-_==` }, 'encoding'],
  'base64 with bits to spare': [{ ...good, iv: `${good.iv.slice(0, -3)}B==` }, 'encoding'],
  'white space': [{ ...good, encryptedData: `${good.encryptedData}\n` }, 'encoding'],
  'nothing at all': [{ ...good, encryptedData: '' }, 'encoding'],
  'padding of another length': [sealBytes(Buffer.alloc(32, 17), KEY, false), 'padding'],
  'padding of zero': [sealBytes(Buffer.alloc(32, 0), KEY, false), 'padding'],
  'padding that is not its count': [
    sealBytes(Buffer.concat([Buffer.alloc(30), Buffer.from([2, 3])]), KEY, false),
    'padding',
  ],
  'text that is no JSON': [seal(null, KEY, 'openId'), 'json'],
  'JSON that is no object': [seal([watermark()]), 'json'],
  'a JSON null': [seal(null), 'json'],
  'bytes that are no UTF-8': [
    sealBytes(
      Buffer.concat([
        Buffer.from(JSON.stringify(watermark()).slice(0, -1) + ',"a":"'),
        Buffer.from([0xff]),
        Buffer.from('"}'),
      ]),
    ),
    'json',
  ],
  'no watermark': [seal({ openId: OPENID }), 'app'],
  'another app': [seal({ openId: OPENID, ...watermark({ appid: 'wxother' }) }), 'app'],
  'another person': [seal({ openId: 'o-of-mallory', ...watermark() }), 'person'],
  'an old watermark': [seal(watermark({ timestamp: NOW.getTime() / 1000 - 3600 })), 'age'],
  'a watermark of tomorrow': [seal(watermark({ timestamp: NOW.getTime() / 1000 + 86_400 })), 'age'],
  'a watermark whose time is text': [seal(watermark({ timestamp: String(NOW.getTime() / 1000) })), 'age'],
  'a watermark without a time': [seal(watermark({ timestamp: undefined })), 'age'],
  'a wrong signature': [{ ...good, rawData: '{}', signature: '0'.repeat(40) }, 'signature'],
};

function spaced(): SealedUserData {
  for (;;) {
    const data = seal({ openId: OPENID, filler: randomBytes(64).toString('hex'), ...watermark() });
    if (data.encryptedData.includes('+')) return { ...data, encryptedData: data.encryptedData.replace('+', ' ') };
  }
}

/** What the expensive steps were given, by size and not by content. */
function workOf(sealed: SealedUserData, sessionKeys: readonly string[]): { work: string[]; cause: string | null } {
  const work: string[] = [];
  const steps: DecryptionSteps = {
    decipher: (ciphertext, key, iv) => {
      work.push('decipher');
      return STEPS.decipher(ciphertext, key, iv);
    },
    parse: (text) => {
      work.push('parse');
      return STEPS.parse(text);
    },
    sha1: (text) => {
      work.push('sha1');
      return STEPS.sha1(text);
    },
  };
  return { cause: decryptUserData(sealed, expected(sessionKeys), steps).cause, work };
}

describe('encrypted user data with something wrong', () => {
  const rightWork = ['decipher', 'parse', 'sha1', 'decipher', 'parse', 'sha1'];

  it.each(Object.entries(REFUSED))('is refused after the same work as ever: %s', (_name, [sealed, cause, keys]) => {
    // A wrong key leaves good padding behind once in 256 times.
    const causes = cause === 'padding' ? ['padding', 'json', 'app'] : [cause];
    const refused = workOf(sealed, keys ?? [KEY, OTHER_KEY]);
    expect(causes).toContain(refused.cause);
    expect(refused.work).toEqual(rightWork);
  });

  it('costs as much as data that is right', () => {
    expect(workOf(good, [KEY])).toEqual({ cause: null, work: rightWork });
    expect(workOf(good, [OTHER_KEY, KEY])).toEqual({ cause: null, work: rightWork });
  });

  it('deciphers as many bytes whatever is wrong with them', () => {
    const sizes = new Set<number>();
    for (const encryptedData of [good.encryptedData, good.encryptedData.replace(/^../, ' -')]) {
      const steps: DecryptionSteps = {
        ...STEPS,
        decipher: (ciphertext, key, iv) => {
          sizes.add(ciphertext.length);
          return STEPS.decipher(ciphertext, key, iv);
        },
      };
      decryptUserData({ ...good, encryptedData }, expected(), steps);
    }
    expect(sizes.size).toBe(1);
  });

  it('is not told apart by a padding oracle: every last byte of the block before gives the same work', () => {
    const bytes = Buffer.from(good.encryptedData, 'base64');
    const seen = new Set<string>();
    for (let guess = 0; guess < 256; guess += 1) {
      const forged = Buffer.from(bytes);
      forged[bytes.length - 17] = guess;
      seen.add(workOf({ ...good, encryptedData: forged.toString('base64') }, [KEY]).work.join());
    }
    expect([...seen]).toEqual([rightWork.join()]);
  });

  it('never believes data under another key, however often it is tried', () => {
    for (let time = 0; time < 3000; time += 1) {
      expect(decryptUserData(good, expected([randomBytes(16).toString('base64')])).data).toBeNull();
    }
  });
});

it('a signature is lower hex SHA-1 of the text and the key as text', () => {
  const rawData = '{"nickName":"爱丽丝"}';
  const signature = createHash('sha1')
    .update(rawData + KEY)
    .digest('hex');
  expect(decryptUserData({ ...good, rawData, signature }, expected()).cause).toBeNull();
});
