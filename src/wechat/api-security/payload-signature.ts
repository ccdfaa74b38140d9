import { constants, sign, verify, type KeyObject } from 'node:crypto';

// What WeChat asks of requests; of its own signatures it says that the length need not be given.
const SALT_BYTES = 32;
const PSS = constants.RSA_PKCS1_PSS_PADDING;

/** What both sides sign: whose call, of what, when, and the very bytes of the body. */
export interface SignedMessage {
  /** With the scheme, without the query. */
  readonly url: string;
  readonly appId: string;
  /** Seconds since 1970, as the header says them. */
  readonly timestamp: string;
  readonly body: string;
}

/**
 * Signs a request: RSA-PSS with SHA-256, in base64, another one every time.
 *
 * Source: developers.weixin.qq.com/miniprogram/dev/server/getting_started/api_signature.html, 3.2.
 */
export function signMessage(message: SignedMessage, privateKey: KeyObject): string {
  const key = { key: privateKey, padding: PSS, saltLength: SALT_BYTES };
  return sign('sha256', textOf(message), key).toString('base64');
}

/** Whether the owner of the key signed exactly this. Says nothing of when, or how often it was shown. */
export function isSignedBy(publicKey: KeyObject, message: SignedMessage, signature: string): boolean {
  const key = { key: publicKey, padding: PSS, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  return verify('sha256', textOf(message), key, Buffer.from(signature, 'base64'));
}

function textOf({ url, appId, timestamp, body }: SignedMessage): Buffer {
  return Buffer.from([url, appId, timestamp, body].join('\n'));
}
