import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { PublicJwk } from './signing-key.entity.js';

/** A new ES256 key pair. */
export function generateEs256Key(): { kid: string; publicJwk: PublicJwk; privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' }) as { x: string; y: string };
  const publicJwk: PublicJwk = { kty: 'EC', crv: 'P-256', x, y };
  return { kid: thumbprint(publicJwk), publicJwk, privateKey };
}

/** The name of a key: SHA-256 of its required members in lexical order (RFC 7638). */
export function thumbprint({ crv, kty, x, y }: PublicJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

export function publicKeyOf(jwk: PublicJwk): KeyObject {
  return createPublicKey({ key: { ...jwk }, format: 'jwk' });
}

export function privateKeyFrom(pkcs8: Buffer): KeyObject {
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
}

/** What a text has to be followed by in a JWS: both numbers of the signature, 32 bytes each (RFC 7518 section 3.4). */
export function signEs256(text: string, privateKey: KeyObject): string {
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' as const };
  return sign('sha256', Buffer.from(text, 'ascii'), key).toString('base64url');
}
