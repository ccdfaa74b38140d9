import fc from 'fast-check';
import { accessTokenKeyId } from './access-token-header.js';

const KID = 'A0_-'.repeat(11).slice(0, 43);
const HEADER = { alg: 'ES256', typ: 'at+jwt', kid: KID };
const PAYLOAD = encode('{"sub":"x"}');
const SIGNATURE = Buffer.alloc(64, 0xfb).toString('base64url');

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

const token = (header: unknown, payload = PAYLOAD, signature = SIGNATURE) =>
  `${encode(typeof header === 'string' ? header : JSON.stringify(header))}.${payload}.${signature}`;

describe('the key id of an access token', () => {
  it('is read from a header of ours, whatever the order of its members', () => {
    expect(accessTokenKeyId(token(HEADER))).toBe(KID);
    expect(accessTokenKeyId(token({ kid: KID, typ: 'at+jwt', alg: 'ES256' }))).toBe(KID);
    expect(accessTokenKeyId(token(` { "alg": "ES256", "typ": "at+jwt", "kid": "${KID}" } `))).toBe(KID);
  });

  it.each<[string, unknown]>([
    ['alg none', { ...HEADER, alg: 'none' }],
    ['alg HS256', { ...HEADER, alg: 'HS256' }],
    ['alg ES384', { ...HEADER, alg: 'ES384' }],
    ['alg in other letters', { ...HEADER, alg: 'es256' }],
    ['alg in a list', { ...HEADER, alg: ['ES256'] }],
    ['no alg', { ...HEADER, alg: undefined }],
    ['typ JWT', { ...HEADER, typ: 'JWT' }],
    ['typ as a media type', { ...HEADER, typ: 'application/at+jwt' }],
    ['typ in other letters', { ...HEADER, typ: 'AT+JWT' }],
    ['no typ', { ...HEADER, typ: undefined }],
    ['no kid', { ...HEADER, kid: undefined }],
    ['a kid of 42', { ...HEADER, kid: KID.slice(1) }],
    ['a kid of 44', { ...HEADER, kid: `${KID}A` }],
    ['a kid with a line feed at its end', { ...HEADER, kid: `${KID.slice(1)}\n` }],
    ['a kid that is a path', { ...HEADER, kid: '../'.repeat(14) + 'x' }],
    ['a kid that is a number', { ...HEADER, kid: 1 }],
    ['a kid in a list', { ...HEADER, kid: [KID] }],
    ['crit', { ...HEADER, crit: ['b64'] }],
    ['b64', { ...HEADER, b64: false }],
    ['jwk', { ...HEADER, jwk: {} }],
    ['jku', { ...HEADER, jku: 'https://x/' }],
    ['x5u', { ...HEADER, x5u: 'https://x/' }],
    ['x5c', { ...HEADER, x5c: [] }],
    ['x5t', { ...HEADER, x5t: 'x' }],
    ['cty', { ...HEADER, cty: 'JWT' }],
    ['zip', { ...HEADER, zip: 'DEF' }],
    ['an unknown member', { ...HEADER, colour: 'blue' }],
    ['a __proto__', `{"alg":"ES256","typ":"at+jwt","kid":"${KID}","__proto__":{}}`],
    ['the members in a __proto__', `{"__proto__":{"alg":"ES256","typ":"at+jwt","kid":"${KID}"}}`],
    ['a list', [HEADER]],
    ['null', null],
    ['text', '"ES256"'],
    ['no JSON', '{'],
    ['two objects', `${JSON.stringify(HEADER)}{}`],
  ])('is null for a header with %s', (_what, header) => {
    expect(accessTokenKeyId(token(header))).toBeNull();
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['one part', encode(JSON.stringify(HEADER))],
    ['two parts', token(HEADER).split('.').slice(0, 2).join('.')],
    ['four parts', `${token(HEADER)}.x`],
    ['five parts, as an encrypted one has', `${token(HEADER)}.AAAA.AAAA`],
    ['an empty header', `.${PAYLOAD}.${SIGNATURE}`],
    ['an empty payload', token(HEADER, '')],
    ['an empty signature', token(HEADER, PAYLOAD, '')],
    ['a padded header', token(HEADER).replace('.', '=.')],
    ['a padded payload', token(HEADER, `${PAYLOAD}=`)],
    ['a padded signature', token(HEADER, PAYLOAD, `${SIGNATURE}=`)],
    ['base64 for base64url', token(HEADER, PAYLOAD, SIGNATURE.replaceAll('-', '+').replaceAll('_', '/'))],
    ['a space before it', ` ${token(HEADER)}`],
    ['a line feed behind it', `${token(HEADER)}\n`],
    ['a sign that Node skips', token(HEADER, `${PAYLOAD.slice(0, 4)}!${PAYLOAD.slice(4)}`)],
    ['spare bits that are set', token(HEADER, PAYLOAD, `${SIGNATURE.slice(0, -1)}x`)],
  ])('is null for a token of %s', (_what, text) => {
    expect(accessTokenKeyId(text)).toBeNull();
  });

  it('is null over 4 kB', () => {
    const shell = token(HEADER, '').length;
    const payload = (length: number) => 'A'.repeat(length - shell);
    expect(accessTokenKeyId(token(HEADER, payload(4096)))).toBe(KID);
    expect(accessTokenKeyId(token(HEADER, payload(4100)))).toBeNull();
  });

  it('is null, and no exception, for whatever somebody made up', () => {
    const part = fc.oneof(fc.string(), fc.json().map(encode), fc.constant(encode(JSON.stringify(HEADER))));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        const kid = accessTokenKeyId(parts.join('.'));
        if (kid !== null) expect(parts[0]).toBe(encode(JSON.stringify(HEADER)));
      }),
    );
  });
});
