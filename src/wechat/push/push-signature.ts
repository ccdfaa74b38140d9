import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether a signature is the SHA-1 of these parts, sorted and joined. Takes the same time wherever it differs.
 *
 * The parts are the token, the timestamp and the nonce, and in secure mode the encrypted text (miniprogram
 * framework/server-ability/message-push). Without the latter it says nothing about a body.
 */
export function isSignatureOf(signature: string, parts: readonly string[]): boolean {
  const expected = createHash('sha1').update(parts.toSorted().join('')).digest('hex');
  return signature.length === expected.length && timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
}
