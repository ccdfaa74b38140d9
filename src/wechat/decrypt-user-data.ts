import { isUtf8 } from 'node:buffer';
import { createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Data that WeChat encrypted for the mini-program, as the client hands it over: base64, and rawData as plain text. */
export interface SealedUserData {
  readonly encryptedData: string;
  readonly iv: string;
  readonly rawData?: string | undefined;
  /** Lower hex SHA-1 of rawData and session_key; only means something together with rawData. */
  readonly signature?: string | undefined;
}

/** What the data must turn out to be. */
export interface ExpectedUserData {
  readonly appId: string;
  readonly openid: string;
  /** As base64 text, newest first; at most two count. */
  readonly sessionKeys: readonly string[];
  readonly now: Date;
  readonly maxAgeSeconds: number;
}

/** Why data is not believed. For the log alone: a caller who could tell these apart could decrypt with us. */
export type UnreadableCause =
  'no-key' | 'encoding' | 'padding' | 'json' | 'app' | 'person' | 'age' | 'signature' | 'other-session';

export type DecryptedUserData =
  | { readonly data: Readonly<Record<string, unknown>>; readonly cause: null }
  | { readonly data: null; readonly cause: UnreadableCause };

/** The expensive steps, so that a test can count them. */
export interface DecryptionSteps {
  decipher(ciphertext: Buffer, key: Buffer, iv: Buffer): Buffer;
  parse(text: string): unknown;
  sha1(text: string): Buffer;
}

export const STEPS: DecryptionSteps = {
  decipher(ciphertext, key, iv) {
    const decipher = createDecipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  },
  parse: (text) => JSON.parse(text) as unknown,
  sha1: (text) => createHash('sha1').update(text, 'utf8').digest(),
};

const KEYS_TRIED = 2;
const BLOCK_BYTES = 16;
// WeChat's clock may be a little ahead of ours.
const CLOCK_SKEW_SECONDS = 60;

/**
 * Decrypts data that the mini-program received from WeChat, and checks that it is of this app, this person and this hour.
 *
 * Does the same work whatever is wrong with the data, and for a right key as well: two decryptions, each followed by the
 * checks. Proves nothing about the sender: whoever holds the session_key can make such data.
 *
 * Source: framework/open-ability/signature (AES-128-CBC, PKCS#7, watermark; signature = sha1(rawData + session_key)).
 */
export function decryptUserData(
  sealed: SealedUserData,
  expected: ExpectedUserData,
  steps: DecryptionSteps = STEPS,
): DecryptedUserData {
  const attempts = Array.from({ length: KEYS_TRIED }, (_, at) =>
    decryptWith(expected.sessionKeys[at], sealed, expected, steps),
  );
  return attempts.find(({ data }) => data !== null) ?? attempts[0]!;
}

function decryptWith(
  sessionKey: string | undefined,
  sealed: SealedUserData,
  expected: ExpectedUserData,
  steps: DecryptionSteps,
): DecryptedUserData {
  const causes: UnreadableCause[] = [];
  const key = strictBase64(sessionKey ?? '', BLOCK_BYTES);
  if (!key) causes.push('no-key');
  const iv = strictBase64(sealed.iv, BLOCK_BYTES);
  const ciphertext = strictBase64(sealed.encryptedData);
  const whole = ciphertext && ciphertext.length > 0 && ciphertext.length % BLOCK_BYTES === 0 ? ciphertext : null;
  if (!iv || !whole) causes.push('encoding');

  // What is missing is made up, so that the next step has as much to do as ever.
  const padded = steps.decipher(
    whole ?? randomBytes(blocksIn(sealed.encryptedData) * BLOCK_BYTES),
    key ?? randomBytes(BLOCK_BYTES),
    iv ?? randomBytes(BLOCK_BYTES),
  );
  const plaintext = withoutPadding(padded);
  if (!plaintext) causes.push('padding');
  const data = parsedObject(plaintext ?? padded, steps);
  if (!data) causes.push('json');
  causes.push(...contradictions(data ?? {}, expected));
  const signed = timingSafeEqual(
    steps.sha1((sealed.rawData ?? '') + (sessionKey ?? '')),
    hexDigest(sealed.signature ?? '') ?? randomBytes(20),
  );
  if (sealed.signature !== undefined && !signed) causes.push('signature');

  const [cause] = causes;
  return cause === undefined && data ? { data, cause: null } : { data: null, cause: cause ?? 'json' };
}

/** What speaks against the data being of this app, this person and this hour. */
function contradictions(data: Readonly<Record<string, unknown>>, expected: ExpectedUserData): UnreadableCause[] {
  const found: UnreadableCause[] = [];
  const watermark = isObject(data['watermark']) ? data['watermark'] : {};
  if (watermark['appid'] !== expected.appId) found.push('app');
  const { openId = expected.openid } = data;
  if (openId !== expected.openid) found.push('person');
  const madeAt = watermark['timestamp'];
  const ageSeconds = typeof madeAt === 'number' ? expected.now.getTime() / 1000 - madeAt : NaN;
  if (!(ageSeconds <= expected.maxAgeSeconds && ageSeconds >= -CLOCK_SKEW_SECONDS)) found.push('age');
  return found;
}

/** Node's own decoder skips what is no base64: a `+` that became a space would be read as something else. */
function strictBase64(text: string, bytes?: number): Buffer | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
  const decoded = Buffer.from(text, 'base64');
  if (decoded.toString('base64') !== text) return null;
  return bytes === undefined || decoded.length === bytes ? decoded : null;
}

function blocksIn(base64: string): number {
  return Math.max(1, Math.floor((base64.length * 3) / 4 / BLOCK_BYTES));
}

/** PKCS#7: 1 to 16 bytes, each their count. Looks at a whole block whatever it finds. */
function withoutPadding(padded: Buffer): Buffer | null {
  const count = padded.at(-1)!;
  let wrong = count < 1 || count > BLOCK_BYTES ? 1 : 0;
  for (let back = 1; back <= BLOCK_BYTES; back += 1) {
    if (back <= count && padded.at(-back) !== count) wrong += 1;
  }
  return wrong === 0 ? padded.subarray(0, padded.length - count) : null;
}

function parsedObject(bytes: Buffer, steps: DecryptionSteps): Record<string, unknown> | null {
  try {
    const value = steps.parse(bytes.toString('utf8'));
    return isObject(value) && isUtf8(bytes) ? value : null;
  } catch {
    return null;
  }
}

function hexDigest(text: string): Buffer | null {
  return /^[0-9a-f]{40}$/.test(text) ? Buffer.from(text, 'hex') : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
