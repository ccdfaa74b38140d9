import { encode, type Forge } from '../../support/signing-forge.js';
import type { Attack } from './attack.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const parts = (forge: Forge) => forge.token().split('.') as [string, string, string];

/** Another spelling of the same bytes: sets the bits that base64url leaves over at the end. */
function withSpareBits(part: string): string {
  if (part.length % 4 === 0) throw new Error('this part has no spare bits');
  return part.slice(0, -1) + ALPHABET[ALPHABET.indexOf(part.at(-1)!) + 1]!;
}

/** The payload of good claims whose length leaves `rest` bytes over a multiple of three. */
function payloadOf(forge: Forge, rest: number): string {
  for (let length = 1; ; length += 1) {
    const text = JSON.stringify(forge.claims({ jti: '?'.repeat(length) }));
    if (text.length % 3 === rest) return encode(text);
  }
}

/** A good token whose part `index` holds a character that base64 spells differently. */
function inOldAlphabet(forge: Forge, index: 1 | 2): string {
  for (;;) {
    const token = forge.token({ jti: '>>>???~~~'.slice(Math.floor(Math.random() * 6)) }).split('.');
    const old = token[index]!.replaceAll('-', '+').replaceAll('_', '/');
    if (old === token[index]) continue;
    if (index === 1) return forge.ofParts(token[0]!, old);
    return `${token[0]}.${token[1]}.${old}`;
  }
}

const header = (forge: Forge) => encode(JSON.stringify(forge.header()));
const payload = (forge: Forge) => encode(JSON.stringify(forge.claims()));
const inside = (part: string, what: string) => part.slice(0, 8) + what + part.slice(8);

/** Whatever ends up signed over the changed text is signed again, so that only its spelling is wrong. */
export const FORM_ATTACKS: readonly Attack[] = [
  { name: 'of one part', token: (forge) => parts(forge)[0] },
  { name: 'of two parts', token: (forge) => parts(forge).slice(0, 2).join('.') },
  { name: 'of two parts and a dot', token: (forge) => `${parts(forge).slice(0, 2).join('.')}.` },
  { name: 'of four parts', token: (forge) => `${forge.token()}.${parts(forge)[2]}` },
  { name: 'of five parts, as encrypted ones are', token: (forge) => [...parts(forge), 'AAAA', 'AAAA'].join('.') },
  { name: 'of a million dots in little', token: () => '.'.repeat(3000) },
  { name: 'with a dot before it', token: (forge) => `.${forge.token()}` },
  { name: 'with a dot behind it', token: (forge) => `${forge.token()}.` },
  { name: 'without header', token: (forge) => `.${parts(forge).slice(1).join('.')}` },
  { name: 'without payload', token: (forge) => forge.ofParts(header(forge), '') },
  { name: 'in upper case', token: (forge) => forge.token().toUpperCase() },
  { name: 'in quotes', token: (forge) => `"${forge.token()}"` },
  { name: 'with its dots percent-encoded', token: (forge) => forge.token().replaceAll('.', '%2E') },

  { name: 'whose header is padded', token: (forge) => forge.ofParts(`${header(forge)}==`, payload(forge)) },
  { name: 'whose payload is padded', token: (forge) => forge.ofParts(header(forge), `${payloadOf(forge, 2)}=`) },
  { name: 'whose signature is padded', token: (forge) => `${forge.token()}==` },
  {
    name: 'whose header has spare bits set',
    token: (forge) => forge.ofParts(withSpareBits(header(forge)), payload(forge)),
  },
  {
    name: 'whose payload has spare bits set',
    token: (forge) => forge.ofParts(header(forge), withSpareBits(payloadOf(forge, 1))),
  },
  {
    name: 'whose signature has spare bits set',
    token: (forge) => {
      const [head, body, signature] = parts(forge);
      return `${head}.${body}.${withSpareBits(signature)}`;
    },
  },
  { name: 'whose payload is in the alphabet of base64', token: (forge) => inOldAlphabet(forge, 1) },
  { name: 'whose signature is in the alphabet of base64', token: (forge) => inOldAlphabet(forge, 2) },
  {
    name: 'whose header has a stray character',
    token: (forge) => forge.ofParts(inside(header(forge), '!'), payload(forge)),
  },
  {
    name: 'whose payload has a stray character',
    token: (forge) => forge.ofParts(header(forge), inside(payload(forge), '*')),
  },
  { name: 'whose signature has a stray character', token: (forge) => inside(forge.token(), '~') },
  { name: 'with a letter that only looks like one of ours', token: (forge) => `é${forge.token().slice(1)}` },

  // With a space in it, a header carries no token at all (RFC 6750 section 2.1).
  { name: 'with a space in it', token: (forge) => inside(forge.token(), ' '), code: 'ACCESS_TOKEN_MISSING' },
  { name: 'with a tab in it', token: (forge) => inside(forge.token(), '\t'), code: 'ACCESS_TOKEN_MISSING' },
  { name: 'and then another', token: (forge) => `${forge.token()} ${forge.token()}`, code: 'ACCESS_TOKEN_MISSING' },
  {
    name: 'whose signature is broken into two lines',
    token: (forge) => {
      const token = forge.token();
      return `${token.slice(0, -9)}\n${token.slice(-9)}`;
    },
    inBodiesOnly: true,
  },
  { name: 'with a newline behind it', token: (forge) => `${forge.token()}\n`, inBodiesOnly: true },
  { name: 'with a zero byte behind it', token: (forge) => `${forge.token()}\0`, inBodiesOnly: true },
  { name: 'with a space before it', token: (forge) => ` ${forge.token()}`, inBodiesOnly: true },

  { name: 'of 4,097 characters, though well signed', token: (forge) => ofLength(forge, 4097) },
  { name: 'of 12,000 characters, though well signed', token: (forge) => ofLength(forge, 12_000) },
  { name: 'that is a refresh token', token: ({ mine }) => mine.refreshToken },
  { name: 'that is the word null', token: () => 'null' },
  { name: 'that is the word undefined', token: () => 'undefined' },
  { name: 'that is the word Bearer', token: () => 'Bearer' },
];

/** A well-signed token at least this long. */
function ofLength(forge: Forge, length: number): string {
  for (let jti = ''; ; jti += 'x'.repeat(Math.max(1, length >> 10))) {
    const token = forge.token({ jti });
    if (token.length >= length) return token;
  }
}
