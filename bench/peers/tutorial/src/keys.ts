import { generateKeyPairSync } from 'node:crypto';

/** PEM text, as tutorials read it from a file or a variable and hand it on. */
const { privateKey, publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

export const PRIVATE_PEM = privateKey;
export const PUBLIC_PEM = publicKey;
