import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';

/** Data as the mini-program receives it; both are base64. */
export interface EncryptedUserData {
  readonly encryptedData: string;
  readonly iv: string;
}

/**
 * Encrypts a text the way WeChat does for a mini-program: AES-128-CBC with PKCS#7.
 *
 * @param iv 16 bytes; random if absent
 * @see developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
 */
export function encryptUserData(plaintext: string, sessionKey: string, iv = randomBytes(16)): EncryptedUserData {
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), iv);
  const encrypted = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return { encryptedData: encrypted.toString('base64'), iv: iv.toString('base64') };
}

/** The `signature` beside `rawData`: lower hex SHA-1 of the data followed by the session_key as text. */
export function signRawData(rawData: string, sessionKey: string): string {
  return createHash('sha1')
    .update(rawData + sessionKey)
    .digest('hex');
}

/** The signature of checkSessionKey and its like: lower hex HMAC-SHA256, keyed with the session_key as text. */
export function signWithSessionKey(message: string, sessionKey: string): string {
  return createHmac('sha256', sessionKey).update(message).digest('hex');
}

/** What checkEncryptedData knows data by: lower hex SHA-256 of the base64 text. */
export function hashOfEncryptedData(encryptedData: string): string {
  return createHash('sha256').update(encryptedData).digest('hex');
}
