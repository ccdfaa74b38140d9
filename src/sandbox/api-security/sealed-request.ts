import { constants, createDecipheriv, verify } from 'node:crypto';
import type { AppKeys } from './app-keys.js';

/** A request that claims to be sealed, as it came. */
export interface SealedRequest {
  /** With the scheme, without the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The very bytes that were signed. */
  readonly body: string;
}

const APART_SECONDS_MAX = 300;

/**
 * Opens a request the way WeChat does: its fields, or the errcode that says what is wrong.
 *
 * Source of the errcodes: developers.weixin.qq.com/miniprogram/dev/server/getting_started/api_signature.html, 5.
 */
export function openRequest(
  appId: string,
  keys: AppKeys,
  { url, headers, body }: SealedRequest,
  nowSeconds: number,
): Record<string, unknown> | number {
  const timestamp = headers['wechatmp-timestamp'];
  const signature = headers['wechatmp-signature'];
  if (typeof timestamp !== 'string') return 40231;
  if (typeof signature !== 'string') return 40232;
  if (typeof headers['wechatmp-appid'] !== 'string') return 40233;
  if (headers['wechatmp-appid'] !== appId) return 40237;
  if (!/^\d+$/.test(timestamp) || Math.abs(nowSeconds - Number(timestamp)) > APART_SECONDS_MAX) return 40240;

  const key = { key: keys.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const signed = Buffer.from(`${url}\n${appId}\n${timestamp}\n${body}`);
  if (!verify('sha256', signed, key, Buffer.from(signature, 'base64'))) return 40234;

  const fields = decrypt(body, keys, `${url}|${appId}|${timestamp}|${keys.symmetricSn}`);
  if (!fields) return 40235;
  const { _n, _appid, _timestamp, ...rest } = fields;
  return _appid === appId && _timestamp === Number(timestamp) && isNonce(_n) ? rest : 40235;
}

function decrypt(body: string, { symmetricKey }: AppKeys, aad: string): Record<string, unknown> | null {
  try {
    const { iv, data, authtag } = JSON.parse(body) as Record<string, string>;
    const decipher = createDecipheriv('aes-256-gcm', symmetricKey, Buffer.from(iv!, 'base64'), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(aad)).setAuthTag(Buffer.from(authtag!, 'base64'));
    const text = Buffer.concat([decipher.update(Buffer.from(data!, 'base64')), decipher.final()]).toString('utf8');
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

// "16 to 32 bytes, base64".
function isNonce(value: unknown): boolean {
  return typeof value === 'string' && value.length >= 22 && value.length <= 44;
}
