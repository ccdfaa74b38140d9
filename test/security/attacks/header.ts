import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { encode, es256, type Forge, type Members } from '../../support/signing-forge.js';
import { show, type Attack } from './attack.js';

const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ownJwk = own.publicKey.export({ format: 'jwk' }) as JsonWebKey & { kty: string };
const ownKid = await calculateJwkThumbprint(ownJwk);
const NOWHERE = 'http://127.0.0.1:9/keys';

/** Well signed; only the header differs from a good one. */
const changed = (name: string, header: Members): Attack => ({ name, token: (forge) => forge.token({}, header) });

/** Signed with the attacker's own key, which the header brings along. */
const brought = (name: string, header: Members): Attack => ({
  name,
  token: (forge) => forge.signedBy((text) => es256(text, own.privateKey), header),
});

/** Well signed; the header is this text. */
const spelled = (name: string, text: (forge: Forge) => string | Buffer): Attack => ({
  name,
  token: (forge) => forge.ofTexts(text(forge), JSON.stringify(forge.claims())),
});

const KEY_IDS: unknown[] = [
  undefined,
  null,
  '',
  ' ',
  1,
  true,
  [],
  {},
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '../../../../../../dev/null',
  '/dev/null',
  "x' or '1'='1",
  "'; drop table signing_keys; --",
  '%00',
  '$(id)',
  '${jndi:ldap://127.0.0.1:9/x}',
  NOWHERE,
  'A'.repeat(43),
  'A'.repeat(42),
  'A'.repeat(44),
  'x'.repeat(8000),
];

const TYPES: unknown[] = [
  undefined,
  null,
  '',
  'JWT',
  'jwt',
  'AT+JWT',
  'at+JWT',
  'at+jwt ',
  'application/at+jwt',
  'id_token+jwt',
  'dpop+jwt',
  'logout+jwt',
  1,
  true,
  ['at+jwt'],
  {},
];

export const HEADER_ATTACKS: readonly Attack[] = [
  brought('with a key of its own in jwk, under our key id', { jwk: ownJwk }),
  brought('with a key of its own in jwk, under that key’s id', { jwk: ownJwk, kid: ownKid }),
  brought('with a key of its own in jwk, and no key id', { jwk: ownJwk, kid: undefined }),
  brought('signed with a key of its own, under that key’s id', { kid: ownKid }),
  brought('with jku', { jku: NOWHERE, kid: ownKid }),
  brought('with x5u', { x5u: NOWHERE, kid: ownKid }),
  brought('with x5c', { x5c: [encode(own.publicKey.export({ format: 'der', type: 'spki' }))], kid: ownKid }),
  changed('well signed, with jwk', { jwk: ownJwk }),
  changed('well signed, with jku', { jku: NOWHERE }),
  changed('well signed, with x5u', { x5u: NOWHERE }),
  changed('well signed, with x5c', { x5c: [] }),
  changed('well signed, with x5t', { x5t: 'AAAA' }),
  changed('well signed, with x5t#S256', { 'x5t#S256': 'AAAA' }),
  changed('with an empty crit', { crit: [] }),
  changed('with crit ["exp"]', { crit: ['exp'], exp: 1 }),
  changed('with crit ["alg"]', { crit: ['alg'] }),
  changed('with crit of something unknown', { crit: ['urn:x'], 'urn:x': true }),
  changed('with b64 true', { b64: true }),
  changed('with b64 false', { b64: false }),
  changed('with b64 false and crit', { b64: false, crit: ['b64'] }),
  {
    name: 'with b64 false and an unencoded payload',
    token: (forge) => {
      const text = JSON.stringify(forge.claims()).replaceAll('.', '\\u002e');
      return forge.ofParts(encode(JSON.stringify(forge.header({ b64: false, crit: ['b64'] }))), text);
    },
  },
  changed('with cty JWT', { cty: 'JWT' }),
  changed('with zip DEF', { zip: 'DEF' }),
  changed('with enc', { enc: 'A128GCM' }),
  changed('with claims in its header', { iss: 'http://passport.test', exp: 4_000_000_000 }),
  changed('with a member nobody knows', { x: 1 }),
  changed('with a member without name', { '': 1 }),
  ...TYPES.map((typ) => changed(`of type ${show(typ)}`, { typ })),
  ...KEY_IDS.map((kid) => changed(`with key id ${show(kid)}`, { kid })),
  { name: 'with our key id and a newline', token: (forge) => forge.token({}, { kid: `${forge.key.kid}\n` }) },
  { name: 'with our key id in other letters', token: (forge) => forge.token({}, { kid: otherCase(forge.key.kid) }) },
  { name: 'with our key id in a list', token: (forge) => forge.token({}, { kid: [forge.key.kid] }) },
  spelled('whose header is a list', () => '[]'),
  spelled('whose header is a header in a list', (forge) => JSON.stringify([forge.header()])),
  spelled('whose header is null', () => 'null'),
  spelled('whose header is a number', () => '1'),
  spelled('whose header is text', () => '"ES256"'),
  spelled('whose header is empty', () => '{}'),
  spelled('whose header is no JSON', () => '{"alg":"ES256"'),
  spelled('whose header begins with a byte order mark', (forge) => `\ufeff${JSON.stringify(forge.header())}`),
  spelled('whose header has something behind it', (forge) => `${JSON.stringify(forge.header())}{}`),
  spelled('whose header is no UTF-8', (forge) =>
    Buffer.from(JSON.stringify(forge.header()).replace(forge.key.kid, '\xff\xfe'), 'latin1'),
  ),
  spelled('whose header hides in __proto__', (forge) => `{"__proto__":${JSON.stringify(forge.header())}}`),
  spelled('with alg twice, first none', (forge) => twice(forge, '"alg":"none"')),
  spelled('with typ twice, first JWT', (forge) => twice(forge, '"typ":"JWT"')),
  spelled('with kid twice, first another', (forge) => twice(forge, `"kid":"${ownKid}"`)),
];

/** Readers differ in which of two equal names counts, so a token that has them says two things (RFC 7515 section 4). */
function twice(forge: Forge, first: string): string {
  return `{${first},${JSON.stringify(forge.header()).slice(1)}`;
}

function otherCase(text: string): string {
  return text.toLowerCase() === text ? text.toUpperCase() : text.toLowerCase();
}
