import { XMLParser } from 'fast-xml-parser';
import { AppError } from '../../errors/app-error.js';
import { isOutlandish } from '../../http/is-outlandish.js';
import { isKnown, type ParsedPush } from './push-event.js';

/** The fields of a pushed message, names without stray spaces. Has no prototype. */
export type PushFields = Readonly<Record<string, unknown>>;

const xml = new XMLParser({
  // Entities are a way to write a gigabyte in a kilobyte, and WeChat uses none: its texts are CDATA.
  processEntities: false,
  // An openid of digits stays a text.
  parseTagValue: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: 32,
});

const CDATA = /<!\[CDATA\[[\s\S]*?\]\]>/g;

// What the database and a log line can carry.
const OPAQUE_ID = /^[\x21-\x7e]{1,128}$/;
const EVENT_NAME = /^[\x21-\x7e]{1,64}$/;
const SECONDS = /^\d{1,11}$/;

/**
 * Reads a message of either format; the text itself says which.
 *
 * @throws AppError VALIDATION_FAILED - neither XML nor JSON, with a DTD, nested too deep, or with names of ill repute
 */
export function parsePush(text: string): PushFields {
  const message = text.trimStart().startsWith('<') ? parseXml(text) : parseJson(text);
  if (typeof message !== 'object' || message === null || Array.isArray(message) || isOutlandish(message)) {
    throw damaged();
  }
  const fields = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(message)) {
    const trimmed = name.trim();
    // Two names that differ by spaces only, or one that only the spaces made harmless.
    if (trimmed in fields || trimmed in Object.prototype) throw damaged();
    fields[trimmed] = typeof value === 'string' ? value.trim() : value;
  }
  return fields;
}

/** A field as text; null when it is absent, empty, or nothing that is written as one text. */
export function textOf(fields: PushFields, name: string): string | null {
  const value = fields[name];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * Makes the event that the fields tell of.
 *
 * @throws AppError VALIDATION_FAILED - without a name or a time, with an openid that cannot be one, or of another app
 */
export function toParsedPush(fields: PushFields, appId: string, secure: boolean): ParsedPush {
  const name = textOf(fields, 'Event') ?? textOf(fields, 'MsgType');
  const createdAt = textOf(fields, 'CreateTime');
  const openid = personOf(fields, name);
  const appid = textOf(fields, 'AppID');
  if (!name || !EVENT_NAME.test(name) || !createdAt || !SECONDS.test(createdAt)) throw damaged();
  if (openid !== null && !OPAQUE_ID.test(openid)) throw damaged();
  if (appid !== null && appid !== appId) throw damaged();
  return { appId, openid, name, createdAt: Number(createdAt), secure, fields };
}

/** The events about a person's data come from WeChat itself and name the person in `OpenID`; others come from the person. */
function personOf(fields: PushFields, name: string | null): string | null {
  const named = textOf(fields, 'OpenID');
  return named ?? (name && isKnown(name) ? null : textOf(fields, 'FromUserName'));
}

function parseXml(text: string): unknown {
  // Comments, DTDs and whatever else begins so have no place in a push.
  if (text.replace(CDATA, '').includes('<!')) throw damaged();
  try {
    const document = xml.parse(text, true) as Record<string, unknown>;
    return Object.keys(document).length === 1 ? document['xml'] : null;
  } catch {
    throw damaged();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw damaged();
  }
}

/** The parsers' own messages quote the message, so they are no cause that a log may have. */
function damaged(): AppError {
  return new AppError('VALIDATION_FAILED', { detail: 'The message cannot be read.' });
}
