import { createDecipheriv, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../errors/app-error.js';

// WeChat pads to 32 bytes although AES has blocks of 16, so OpenSSL's own check would refuse two messages in three.
const PADDING_BYTES = 32;
const RANDOM_BYTES = 16;
const LENGTH_BYTES = 4;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Turns an EncodingAESKey into the 32 bytes it stands for. Its last character carries two spare bits, which are ignored. */
export function decodeAesKey(encodingAesKey: string): Buffer {
  return Buffer.from(`${encodingAesKey}=`, 'base64');
}

/**
 * Decrypts a push of secure mode: AES-256-CBC over 16 random bytes, the length of the message (big-endian), the message
 * and the appid. Check `msg_signature` first, which covers the encrypted text.
 *
 * Source: miniprogram framework/server-ability/message-push.
 *
 * @throws AppError VALIDATION_FAILED - another key or app, or damaged; deliberately not told apart
 */
export function decryptPush(encrypted: string, key: Buffer, appId: string): string {
  const padded = decrypt(decodeStrictly(encrypted), key);
  const plain = withoutPadding(padded);
  const messageAt = RANDOM_BYTES + LENGTH_BYTES;
  if (plain.length < messageAt) throw unreadable();
  const appidAt = messageAt + plain.readUInt32BE(RANDOM_BYTES);
  const appid = plain.subarray(appidAt);
  const expected = Buffer.from(appId);
  if (appid.length !== expected.length || !timingSafeEqual(appid, expected)) throw unreadable();
  try {
    return UTF8.decode(plain.subarray(messageAt, appidAt));
  } catch {
    throw unreadable();
  }
}

/** Node skips foreign characters; WeChat sends none. */
function decodeStrictly(encrypted: string): Buffer {
  const bytes = Buffer.from(encrypted, 'base64');
  if (bytes.length === 0 || bytes.length % PADDING_BYTES !== 0 || bytes.toString('base64') !== encrypted) {
    throw unreadable();
  }
  return bytes;
}

function decrypt(bytes: Buffer, key: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([decipher.update(bytes), decipher.final()]);
}

function withoutPadding(padded: Buffer): Buffer {
  const count = padded.at(-1)!;
  if (count < 1 || count > PADDING_BYTES) throw unreadable();
  const padding = padded.subarray(-count);
  if (padding.some((byte) => byte !== count)) throw unreadable();
  return padded.subarray(0, -count);
}

function unreadable(): AppError {
  return new AppError('VALIDATION_FAILED', { detail: 'The message cannot be decrypted.' });
}
