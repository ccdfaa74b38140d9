import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppError } from '../../errors/app-error.js';
import { decodeAesKey } from './decrypt-push.js';
import { parsePush } from './parse-push.js';
import type { PushApp } from './push-apps.js';
import { readEcho, readPush } from './read-push.js';

// From the official page of the message push.
const {
  official_push_url_verify: URL_CHECK,
  official_push_plain_mode: PLAIN,
  official_push_secure_mode_decrypt: SECURE,
} = JSON.parse(readFileSync(new URL('../../../test/vectors/wechat-push.json', import.meta.url), 'utf8')) as Record<
  string,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a document of many shapes
  any
>;

const key = decodeAesKey(SECURE.encodingAESKey);
const app: PushApp = { appId: SECURE.appid, token: SECURE.token, aesKey: key };

const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'nothing thrown';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
};

describe('the official example', () => {
  it('of the URL check is answered with its echostr', () => {
    expect(readEcho(app, URL_CHECK)).toBe(URL_CHECK.response);
  });

  it('of plain mode is read, and known to prove nothing', () => {
    const { timestamp, nonce, signature, body } = PLAIN;
    const event = readPush(app, { timestamp, nonce, signature }, JSON.stringify(body));
    expect(event).toMatchObject({
      name: 'debug_demo',
      secure: false,
      openid: body.FromUserName,
      createdAt: 1714037059,
    });
  });

  it('of secure mode is decrypted', () => {
    const { timestamp, nonce, msg_signature, body } = SECURE;
    const event = readPush(app, { timestamp, nonce, msg_signature }, JSON.stringify(body));
    expect(event).toMatchObject({ name: 'debug_demo', secure: true, openid: SECURE.openid, appId: SECURE.appid });
    expect({ ...event.fields }).toEqual(JSON.parse(SECURE.msg));
  });

  it('of secure mode is refused with the signature that covers no body in the place of msg_signature', () => {
    const { timestamp, nonce, signature_do_not_use, body } = SECURE;
    const query = { timestamp, nonce, msg_signature: signature_do_not_use };
    expect(codeOf(() => readPush(app, query, JSON.stringify(body)))).toBe('FORBIDDEN');
  });
});

describe('an encrypted push', () => {
  const MESSAGE = '{"Event":"debug_demo","CreateTime":1714112445}';
  const RANDOM = randomBytes(16);

  const lengthOf = (bytes: number): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes);
    return length;
  };
  const plainOf = (message = MESSAGE, appid = app.appId, length = Buffer.byteLength(message)): Buffer =>
    Buffer.concat([RANDOM, lengthOf(length), Buffer.from(message), Buffer.from(appid)]);
  const padded = (plain: Buffer, count = 32 - (plain.length % 32), fill = count): Buffer =>
    Buffer.concat([plain, Buffer.alloc(count, fill)]);
  const encrypt = (bytes: Buffer, with_ = key): string => {
    const cipher = createCipheriv('aes-256-cbc', with_, with_.subarray(0, 16)).setAutoPadding(false);
    return Buffer.concat([cipher.update(bytes), cipher.final()]).toString('base64');
  };
  const read = (encrypted: string) => {
    const [timestamp, nonce] = ['1714112445', '415670741'];
    const parts = [app.token, timestamp, nonce, encrypted].toSorted().join('');
    const query = { timestamp, nonce, msg_signature: createHash('sha1').update(parts).digest('hex') };
    return () => readPush(app, query, JSON.stringify({ Encrypt: encrypted }));
  };

  it('is read whatever its padding', () => {
    for (let length = 0; length < 64; length += 1) {
      const message = JSON.stringify({ Event: 'e', CreateTime: 1, Text: 'x'.repeat(length) });
      expect(read(encrypt(padded(plainOf(message))))().fields['Text'] ?? '').toHaveLength(length);
    }
  });

  it.each<[string, () => string]>([
    ['is for another app', () => encrypt(padded(plainOf(MESSAGE, 'wx0000000000000000')))],
    ['names no app', () => encrypt(padded(plainOf(MESSAGE, '')))],
    ['names the app and more', () => encrypt(padded(plainOf(MESSAGE, `${app.appId}x`)))],
    ['names the beginning of the app', () => encrypt(padded(plainOf(MESSAGE, app.appId.slice(0, -1))))],
    ['says it is longer than it is', () => encrypt(padded(plainOf(MESSAGE, app.appId, 2 ** 32 - 1)))],
    ['says it is shorter than it is', () => encrypt(padded(plainOf(MESSAGE, app.appId, 1)))],
    ['is padded with 0', () => encrypt(padded(plainOf(), undefined, 0))],
    ['is padded with more than 32', () => encrypt(Buffer.concat([padded(plainOf()), Buffer.alloc(32, 33)]))],
    [
      'is padded with different bytes',
      () => encrypt(Buffer.concat([padded(plainOf()).subarray(0, -2), Buffer.from([1, 2])])),
    ],
    ['is padded to 16 bytes only', () => encrypt(to16(plainOf()))],
    ['is shorter than its own head', () => encrypt(padded(RANDOM))],
    ['was encrypted with another key', () => encrypt(padded(plainOf()), randomBytes(32))],
    [
      'is not UTF-8',
      () => encrypt(padded(Buffer.concat([RANDOM, lengthOf(2), Buffer.from([0xc3, 0x28]), Buffer.from(app.appId)]))),
    ],
    ['is no base64', () => `${encrypt(padded(plainOf())).slice(0, -4)}!?==`],
    ['is base64 with a space in it', () => encrypt(padded(plainOf())).replace(/^(.{8})./, '$1 ')],
    ['is empty', () => encrypt(Buffer.alloc(0))],
  ])('that %s is refused', (_what, encrypted) => {
    expect(codeOf(read(encrypted()))).toBe('VALIDATION_FAILED');
  });

  /** Ends on a block of AES that is none of WeChat's. */
  function to16(plain: Buffer): Buffer {
    const filled = Buffer.concat([plain, Buffer.alloc(16 - (plain.length % 16), 16 - (plain.length % 16))]);
    return filled.length % 32 === 16 ? filled : Buffer.concat([filled, Buffer.alloc(16, 16)]);
  }
});

describe('a message', () => {
  it('has names and values without stray spaces', () => {
    expect({ ...parsePush('{" OpenID": " o1 ", "AppID ": "wx"}') }).toEqual({ OpenID: 'o1', AppID: 'wx' });
    expect({ ...parsePush('<xml><A> <![CDATA[ a ]]> </A></xml>') }).toEqual({ A: 'a' });
  });

  it('may quote what would be dangerous outside of a CDATA section', () => {
    const { Content } = parsePush('<xml><Content><![CDATA[<!DOCTYPE x> &lol; <b>]]></Content></xml>');
    expect(Content).toBe('<!DOCTYPE x> &lol; <b>');
  });

  const BOMB = `<!DOCTYPE l [<!ENTITY a "ha">${'bcdefghij'
    .split('')
    .map((name, index) => `<!ENTITY ${name} "${`&${'abcdefghij'[index]};`.repeat(10)}">`)
    .join('')}]>`;

  it.each<[string, string]>([
    ['empty', ''],
    ['no message', 'hello'],
    ['a number', '7'],
    ['null', 'null'],
    ['a list', '[{"Event":"x"}]'],
    ['unfinished JSON', '{"Event":"x"'],
    ['unfinished XML', '<xml><Event>x</Event>'],
    ['another root', '<html><Event>x</Event></html>'],
    ['two roots', '<xml><A>1</A></xml><xml><A>1</A></xml>'],
    ['text in the place of fields', '<xml>text</xml>'],
    ['a bomb of entities', `${BOMB}<xml><Event>&j;</Event></xml>`],
    ['an external entity', '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Event>&a;</Event></xml>'],
    ['a DTD behind the root', '<xml><Event>x</Event></xml><!DOCTYPE x [<!ENTITY a "b">]>'],
    ['deeply nested XML', `<xml>${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}</xml>`],
    ['deeply nested JSON', `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    ['a prototype in JSON', '{"__proto__":{"secure":true},"Event":"x"}'],
    ['a prototype in JSON with a space', '{" __proto__":{"secure":true},"Event":"x"}'],
    ['a constructor in JSON', '{"a":{"constructor":{"prototype":{}}},"Event":"x"}'],
    ['a prototype in XML', '<xml><__proto__><secure>1</secure></__proto__></xml>'],
    ['one name twice but for spaces', '{"OpenID":"a"," OpenID":"b"}'],
  ])('that is %s is refused', (_what, text) => {
    expect(codeOf(() => parsePush(text))).toBe('VALIDATION_FAILED');
    expect(({} as { secure?: unknown }).secure).toBeUndefined();
  });
});
