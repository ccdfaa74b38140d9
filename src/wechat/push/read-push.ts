import { AppError } from '../../errors/app-error.js';
import { decryptPush } from './decrypt-push.js';
import { parsePush, textOf, toParsedPush } from './parse-push.js';
import type { PushApp } from './push-apps.js';
import type { ParsedPush } from './push-event.js';
import { isSignatureOf } from './push-signature.js';

/** The parameters of a push's URL as they came. One that was sent twice is a list and counts as missing. */
export type PushQuery = Readonly<Record<string, unknown>>;

const TIMESTAMP = /^\d{1,11}$/;
const OPAQUE = /^[\x21-\x7e]{1,128}$/;

/**
 * The text that WeChat wants to see when the URL is entered in its console.
 *
 * @throws AppError FORBIDDEN - not signed by WeChat; VALIDATION_FAILED - there is no such text
 */
export function readEcho(app: PushApp, query: PushQuery): string {
  demandSignature(app, query, query['signature']);
  const { echostr } = query;
  if (typeof echostr !== 'string' || !OPAQUE.test(echostr)) throw new AppError('VALIDATION_FAILED');
  return echostr;
}

/**
 * Verifies and parses a push, in secure mode if the app has a key for it and the push a `msg_signature`.
 *
 * The signature of plain mode covers no body: such an event may be anybody's who has seen the URL of one push.
 *
 * @throws AppError FORBIDDEN - not signed by WeChat; VALIDATION_FAILED - the message cannot be read
 */
export function readPush(app: PushApp, query: PushQuery, body: string): ParsedPush {
  const { msg_signature: messageSignature } = query;
  if (!app.aesKey || messageSignature === undefined) {
    demandSignature(app, query, query['signature']);
    return toParsedPush(parsePush(body), app.appId, false);
  }
  const encrypted = textOf(parsePush(body), 'Encrypt');
  if (!encrypted) throw new AppError('VALIDATION_FAILED', { detail: 'The message is not encrypted.' });
  demandSignature(app, query, messageSignature, encrypted);
  return toParsedPush(parsePush(decryptPush(encrypted, app.aesKey, app.appId)), app.appId, true);
}

function demandSignature(app: PushApp, query: PushQuery, signature: unknown, ...covered: string[]): void {
  const { timestamp, nonce } = query;
  const proven =
    isText(signature) &&
    isText(timestamp) &&
    TIMESTAMP.test(timestamp) &&
    isText(nonce) &&
    OPAQUE.test(nonce) &&
    isSignatureOf(signature, [app.token, timestamp, nonce, ...covered]);
  if (!proven) throw new AppError('FORBIDDEN', { context: { appId: app.appId, reason: 'push signature' } });
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
