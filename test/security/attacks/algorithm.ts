import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { encode, es256, type Forge } from '../../support/signing-forge.js';
import { show, type Attack } from './attack.js';

const SPELLINGS_OF_NONE = ['none', 'None', 'NONE', 'nOnE', 'none ', '', undefined, null];

const HMACS = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

/** What a server could have at hand as "the key" when it takes the public key for the secret of an HMAC. */
const PUBLIC_KEY_AS_SECRET: Readonly<Record<string, (forge: Forge) => string | Buffer>> = {
  'the JWK as JSON': ({ key }) => JSON.stringify(key.publicJwk),
  PEM: ({ publicKey }) => pem(publicKey),
  'PEM without its last newline': ({ publicKey }) => pem(publicKey).trimEnd(),
  DER: ({ publicKey }) => der(publicKey),
  'DER in base64': ({ publicKey }) => der(publicKey).toString('base64'),
  'the bare point': ({ key: { publicJwk } }) =>
    Buffer.concat([Buffer.of(4), ...[publicJwk.x, publicJwk.y].map((part) => Buffer.from(part, 'base64url'))]),
};

const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }) as string;
const der = (key: KeyObject) => key.export({ format: 'der', type: 'spki' });

const FOREIGN: Readonly<Record<string, (text: string) => Buffer>> = {
  ES256: (text) => es256(text, ecKey('P-256')),
  ES256K: (text) => es256(text, ecKey('secp256k1')),
  ES384: (text) => sign('sha384', Buffer.from(text), { key: ecKey('P-384'), dsaEncoding: 'ieee-p1363' }),
  ES512: (text) => sign('sha512', Buffer.from(text), { key: ecKey('P-521'), dsaEncoding: 'ieee-p1363' }),
  RS256: (text) => sign('sha256', Buffer.from(text), rsaKey()),
  PS256: (text) => sign('sha256', Buffer.from(text), { key: rsaKey(), padding: 6, saltLength: 32 }),
  EdDSA: (text) => sign(null, Buffer.from(text), generateKeyPairSync('ed25519').privateKey),
};

const ecKey = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsaKey = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

/** The algorithm is not ours to choose, nor the token's: RFC 8725 section 3.1. */
export const ALGORITHM_ATTACKS: readonly Attack[] = [
  ...SPELLINGS_OF_NONE.flatMap((alg): Attack[] => [
    { name: `without signature, alg ${show(alg)}`, token: (forge) => forge.signedBy(() => '', { alg }) },
    { name: `well signed, alg ${show(alg)}`, token: (forge) => forge.token({}, { alg }) },
  ]),
  ...Object.entries(HMACS).flatMap(([alg, hash]) =>
    Object.entries(PUBLIC_KEY_AS_SECRET).map(([encoding, secret]) => ({
      name: `${alg}, keyed with our public key: ${encoding}`,
      token: (forge: Forge) => forge.signedBy((text) => createHmac(hash, secret(forge)).update(text).digest(), { alg }),
    })),
  ),
  {
    name: 'HS256, keyed with nothing',
    token: (forge) => forge.signedBy((text) => createHmac('sha256', '').update(text).digest(), { alg: 'HS256' }),
  },
  {
    name: 'HS256, keyed with our public key, header says ES256',
    token: (forge) => forge.signedBy((text) => createHmac('sha256', pem(forge.publicKey)).update(text).digest()),
  },
  ...Object.entries(FOREIGN).map(([alg, signature]) => ({
    name: `${alg}, signed with a foreign key of that kind under our key id`,
    token: (forge: Forge) => forge.signedBy(signature, { alg }),
  })),
  ...['HS256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'es256', 'ES256 ', 'ES256\0', ['ES256'], { alg: 'ES256' }, 256].map(
    (alg) => ({ name: `well signed with ES256, alg ${show(alg)}`, token: (forge: Forge) => forge.token({}, { alg }) }),
  ),
  {
    name: 'of another issuer’s RS256 under our key id, with our own signature behind it',
    token: (forge) => {
      const [header, payload] = forge.signedBy(() => '', { alg: 'RS256' }).split('.') as [string, string];
      return `${header}.${payload}.${encode(forge.sign(`${header}.${payload}`))}`;
    },
  },
];
