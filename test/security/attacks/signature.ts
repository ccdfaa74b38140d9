import { generateKeyPairSync, sign } from 'node:crypto';
import { encode, es256, type Forge } from '../../support/signing-forge.js';
import type { Attack } from './attack.js';

// The order of P-256 and its prime (FIPS 186-4 D.1.2.3).
const N = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
const P = Buffer.from('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff', 'hex');
const ZERO = Buffer.alloc(32);
const ONE = Buffer.from(ZERO.toString('hex').replace(/0$/, '1'), 'hex');
const ONES = Buffer.alloc(32, 0xff);

const halves = (signature: Buffer) => [signature.subarray(0, 32), signature.subarray(32)] as [Buffer, Buffer];

const flawed = (name: string, signature: (text: string, forge: Forge) => string | Buffer): Attack => ({
  name,
  token: (forge) => forge.signedBy((text) => signature(text, forge)),
});

const fixed = (name: string, r: Buffer, s: Buffer): Attack => flawed(name, () => Buffer.concat([r, s]));

/** Signatures that are not one, or not of this token. */
export const SIGNATURE_ATTACKS: readonly Attack[] = [
  fixed('signed with zeros (CVE-2022-21449)', ZERO, ZERO),
  fixed('with r = 0', ZERO, ONE),
  fixed('with s = 0', ONE, ZERO),
  fixed('with r = s = 1', ONE, ONE),
  fixed('with r = n', N, ONE),
  fixed('with s = n', ONE, N),
  fixed('with r = s = n', N, N),
  fixed('with r = p', P, ONE),
  fixed('signed with ones', ONES, ONES),
  flawed('with r = 0 and a real s', (text, forge) => Buffer.concat([ZERO, halves(forge.sign(text))[1]])),
  flawed('with a real r and s = 0', (text, forge) => Buffer.concat([halves(forge.sign(text))[0], ZERO])),
  flawed('with r and s in each other’s place', (text, forge) => Buffer.concat(halves(forge.sign(text)).toReversed())),
  flawed('signed in DER', (text, forge) => sign('sha256', Buffer.from(text), forge.key.privateKey)),
  flawed('signed with zeros in DER', () => Buffer.from('3006020100020100', 'hex')),
  flawed('without signature', () => ''),
  flawed('with half a signature', (text, forge) => halves(forge.sign(text))[0]),
  flawed('whose signature lacks its last byte', (text, forge) => forge.sign(text).subarray(0, 63)),
  flawed('whose signature lacks its first byte', (text, forge) => forge.sign(text).subarray(1)),
  flawed('whose signature has a byte more', (text, forge) => Buffer.concat([forge.sign(text), Buffer.alloc(1)])),
  flawed('whose signature has a zero before each half', (text, forge) => {
    const [r, s] = halves(forge.sign(text));
    return Buffer.concat([Buffer.alloc(1), r, Buffer.alloc(1), s]);
  }),
  flawed('whose signature comes twice', (text, forge) => Buffer.concat([forge.sign(text), forge.sign(text)])),
  flawed('whose signature is in hex', (text, forge) => forge.sign(text).toString('hex')),
  flawed('whose signature has one bit changed', (text, forge) => {
    const signature = forge.sign(text);
    signature[40] = signature[40]! ^ 1;
    return signature;
  }),
  flawed('signed over its payload alone', (text, forge) => forge.sign(text.split('.')[1]!)),
  flawed('signed over its header alone', (text, forge) => forge.sign(text.split('.')[0]!)),
  flawed('signed with SHA-384', (text, forge) =>
    sign('sha384', Buffer.from(text), { key: forge.key.privateKey, dsaEncoding: 'ieee-p1363' }),
  ),
  flawed('signed with a foreign key of our kind', (text) =>
    es256(text, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  ),
  flawed('with the signature of another good token', (_text, { mine }) =>
    Buffer.from(mine.accessToken.split('.')[2]!, 'base64url'),
  ),
  {
    name: 'of another session under the signature of this one',
    token: ({ mine, other }) => {
      const [header, , signature] = mine.accessToken.split('.');
      return `${header}.${other.accessToken.split('.')[1]}.${signature}`;
    },
  },
  {
    name: 'whose roles were raised',
    token: ({ mine: { accessToken } }) => {
      const [header, payload, signature] = accessToken.split('.') as [string, string, string];
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
      return `${header}.${encode(JSON.stringify({ ...claims, roles: ['admin'] }))}.${signature}`;
    },
  },
];
