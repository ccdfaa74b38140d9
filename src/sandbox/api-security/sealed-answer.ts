import { constants, createCipheriv, randomBytes, sign } from 'node:crypto';
import type { AppKeys, PlatformKey } from './app-keys.js';

/** How an answer can be made that nobody should believe, or that somebody on the way has made of one. */
export const FORGERIES = [
  'body',
  'tag',
  'signature',
  'serial',
  'timestamp',
  'late',
  'early',
  'appid',
  'sealed-appid',
  'sealed-timestamp',
  'url',
  'key',
  'replay',
  'unsigned',
  'clear',
] as const;
export type Forgery = (typeof FORGERIES)[number];

/** An answer as it goes over the wire. */
export interface SealedAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** For which call of which app an answer is, and when it is given. */
export interface AnswerFor {
  readonly url: string;
  readonly appId: string;
  readonly nowSeconds: number;
}

// Enough beyond the 300 that a slow machine does not bring an early answer back into them.
const TOO_FAR_SECONDS = 330;

/** Seals an answer and signs it with every key that WeChat has at the moment; or makes the forgery that is asked for. */
export function sealAnswer(
  answer: Readonly<Record<string, unknown>>,
  keys: AppKeys,
  target: AnswerFor,
  forgery: Forgery | null,
): SealedAnswer {
  const { url, appId, nowSeconds } = misdirected(target, forgery);
  const inner = {
    ...answer,
    _n: randomBytes(16).toString('base64'),
    _appid: forgery === 'sealed-appid' ? `${appId}0` : appId,
    _timestamp: forgery === 'sealed-timestamp' ? nowSeconds - 1 : nowSeconds,
  };
  const key = forgery === 'key' ? randomBytes(32) : keys.symmetricKey;
  const sealed = encrypt(JSON.stringify(inner), key, `${url}|${appId}|${nowSeconds}|${keys.symmetricSn}`);
  if (forgery === 'tag') sealed.authtag = randomBytes(16).toString('base64');
  const body = JSON.stringify(sealed);
  const signed = Buffer.from(`${url}\n${appId}\n${nowSeconds}\n${body}`);
  const headers = {
    'Wechatmp-Appid': appId,
    'Wechatmp-TimeStamp': String(nowSeconds),
    ...signatureHeaders(signed, keys.platformKey, ''),
    ...(keys.deprecatedKey ? signatureHeaders(signed, keys.deprecatedKey, '-Deprecated') : {}),
  };
  return tampered({ headers, body }, forgery);
}

/** What WeChat would sign if it meant another call, another app or another time. */
function misdirected({ url, appId, nowSeconds }: AnswerFor, forgery: Forgery | null): AnswerFor {
  return {
    url: forgery === 'url' ? `${url}/other` : url,
    appId: forgery === 'appid' ? `${appId}0` : appId,
    nowSeconds: nowSeconds + (forgery === 'early' ? TOO_FAR_SECONDS : forgery === 'late' ? -TOO_FAR_SECONDS : 0),
  };
}

/** What somebody on the way can do who has none of the keys. */
function tampered({ headers, body }: SealedAnswer, forgery: Forgery | null): SealedAnswer {
  switch (forgery) {
    case 'body':
      return { headers, body: flipped(body) };
    case 'signature':
      return { headers: { ...headers, 'Wechatmp-Signature': randomBytes(256).toString('base64') }, body };
    case 'serial':
      return { headers: { ...headers, 'Wechatmp-Serial': randomBytes(16).toString('hex') }, body };
    case 'timestamp':
      return { headers: { ...headers, 'Wechatmp-TimeStamp': String(Number(headers['Wechatmp-TimeStamp']) + 1) }, body };
    case 'unsigned':
      return { headers: withoutSignatures(headers), body };
    default:
      return { headers, body };
  }
}

/** Turns one bit of the ciphertext, which AES in this mode turns into one bit of the text. */
function flipped(body: string): string {
  const sealed = JSON.parse(body) as { iv: string; data: string; authtag: string };
  const data = Buffer.from(sealed.data, 'base64');
  data[0]! ^= 1;
  return JSON.stringify({ ...sealed, data: data.toString('base64') });
}

function withoutSignatures(headers: SealedAnswer['headers']): SealedAnswer['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/-(Serial|Signature)/.test(name)));
}

function signatureHeaders(signed: Buffer, { serial, privateKey }: PlatformKey, suffix: string): Record<string, string> {
  const key = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  return {
    [`Wechatmp-Serial${suffix}`]: serial,
    [`Wechatmp-Signature${suffix}`]: sign('sha256', signed, key).toString('base64'),
  };
}

function encrypt(text: string, key: Buffer, aad: string): { iv: string; data: string; authtag: string } {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(aad));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
  return { iv: iv.toString('base64'), data, authtag: cipher.getAuthTag().toString('base64') };
}
