import { decodeBase64url } from '../../crypto/canonical-base64url.js';

/** RFC 9068 section 2.1. */
const ACCESS_TOKEN_TYPE = 'at+jwt';

// Ours are about 600 bytes.
const MAX_TOKEN_LENGTH = 4096;
const KID = /^[A-Za-z0-9_-]{43}$/;
const HEADER_MEMBERS = new Set(['alg', 'typ', 'kid']);
// Around each of their names and values.
const QUOTES = 4 * HEADER_MEMBERS.size;

/** The header of the access tokens that this key signs, as it stands in them: base64url. */
export function accessTokenHeader(kid: string): string {
  return Buffer.from(JSON.stringify({ alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid })).toString('base64url');
}

/**
 * Reads the key id of a token that has the outer form of our access tokens, otherwise null.
 *
 * Three canonical base64url parts, at most 4 kB; a header of exactly alg ES256, typ at+jwt and kid, so that nothing in it
 * (crit, jwk, jku, x5u, b64) can name a key or change the rules. Says nothing about the signature.
 */
export function accessTokenKeyId(token: string): string | null {
  if (token.length > MAX_TOKEN_LENGTH) return null;
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  const [header, payload, signature] = parts.map(decodeBase64url);
  if (!header?.length || !payload?.length || !signature?.length) return null;
  return keyIdOf(header);
}

function keyIdOf(headerBytes: Buffer): string | null {
  const text = headerBytes.toString('utf8');
  // A name that comes twice says two things; JSON.parse shows only the last (RFC 7515 section 4).
  if (text.split('"').length - 1 !== QUOTES) return null;
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return null;
  if (Object.keys(header).some((name) => !HEADER_MEMBERS.has(name))) return null;
  const { alg, typ, kid } = header as Record<string, unknown>;
  if (alg !== 'ES256' || typ !== ACCESS_TOKEN_TYPE) return null;
  return typeof kid === 'string' && KID.test(kid) ? kid : null;
}
