import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Encrypts a text the way API security does: AES-256-GCM, as JSON of `iv`, `data` and `authtag`.
 *
 * Source: developers.weixin.qq.com/miniprogram/dev/server/getting_started/api_signature.html, 3.1.
 */
export function sealPayload(text: string, key: Buffer, aad: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(aad));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const [ivText, dataText, authtag] = [iv, data, cipher.getAuthTag()].map((bytes) => bytes.toString('base64'));
  return JSON.stringify({ iv: ivText, data: dataText, authtag });
}

/**
 * Decrypts what `sealPayload` or WeChat sealed. null if it is of another shape, or was sealed with another key, another
 * AAD or other data: GCM does not tell them apart.
 */
export function openPayload(sealed: Readonly<Record<string, unknown>>, key: Buffer, aad: string): string | null {
  const [iv, data, tag] = [bytesOf(sealed['iv']), bytesOf(sealed['data']), bytesOf(sealed['authtag'])];
  // A shorter tag would be checked as far as it goes, which is what a forger wants.
  if (iv?.length !== IV_BYTES || !data || tag?.length !== TAG_BYTES) return null;
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(aad)).setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}

function bytesOf(value: unknown): Buffer | null {
  return typeof value === 'string' && BASE64.test(value) ? Buffer.from(value, 'base64') : null;
}
