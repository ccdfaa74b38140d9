import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { drawRandom } from './random-stock.js';

/** A key that seals other secrets. `secret` is 32 bytes; `id` is 1 to 32 characters and is stored beside what it sealed. */
export interface MasterKey {
  readonly id: string;
  readonly secret: Buffer;
}

/** Where a sealed value lives. It opens nowhere else, so rows cannot be swapped. */
export interface SealedPlace {
  readonly table: string;
  readonly column: string;
  readonly row: string;
}

/** A sealed value could not be opened: its master key is not configured, or the value is damaged or from another place. */
export class SealError extends Error {
  constructor(
    readonly reason: 'unknown-master-key' | 'damaged',
    readonly masterKeyId: string | null,
  ) {
    super(reason === 'unknown-master-key' ? 'sealed with a master key that is not configured' : 'cannot be opened');
    this.name = 'SealError';
  }
}

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals secrets for the database: AES-256-GCM with a key of its own for every row (HKDF-SHA256 of a master key).
 *
 * The first master key seals, all open. Layout: format (1 byte), length of the key id (1), key id, nonce (12), tag (16),
 * ciphertext. The place is authenticated, not stored.
 */
export class Sealer {
  /** The id of the master key that seals now. */
  readonly currentKeyId: string;

  private readonly rowKeysById: ReadonlyMap<string, KeyObject>;
  private readonly prefix: Buffer;

  constructor(masterKeys: readonly MasterKey[]) {
    const [first] = masterKeys;
    if (!first) throw new Error('a sealer needs a master key');
    this.currentKeyId = first.id;
    this.prefix = sealedPrefix(first.id);
    this.rowKeysById = new Map(masterKeys.map(({ id, secret }) => [id, extract(secret)]));
  }

  seal(plaintext: Buffer, place: SealedPlace): Buffer {
    const nonce = drawRandom(NONCE_BYTES);
    const rowKey = expand(this.rowKeysById.get(this.currentKeyId)!, place);
    const cipher = createCipheriv('aes-256-gcm', rowKey, nonce);
    cipher.setAAD(authenticatedPlace(place));
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([this.prefix, nonce, cipher.getAuthTag(), ciphertext]);
  }

  /** @throws SealError when the master key is not configured, or when anything of value or place was changed */
  open(sealed: Buffer, place: SealedPlace): Buffer {
    const keyId = sealedWith(sealed);
    const rowKeys = this.rowKeysById.get(keyId);
    if (!rowKeys) throw new SealError('unknown-master-key', keyId);
    const nonceAt = 2 + Buffer.byteLength(keyId);
    const tagAt = nonceAt + NONCE_BYTES;
    const textAt = tagAt + TAG_BYTES;
    if (sealed.length < textAt) throw new SealError('damaged', keyId);
    try {
      const decipher = createDecipheriv('aes-256-gcm', expand(rowKeys, place), sealed.subarray(nonceAt, tagAt), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(authenticatedPlace(place));
      decipher.setAuthTag(sealed.subarray(tagAt, textAt));
      return Buffer.concat([decipher.update(sealed.subarray(textAt)), decipher.final()]);
    } catch {
      throw new SealError('damaged', keyId);
    }
  }
}

/** The bytes with which everything begins that this master key has sealed. */
export function sealedPrefix(masterKeyId: string): Buffer {
  const keyId = Buffer.from(masterKeyId, 'utf8');
  return Buffer.concat([Buffer.from([FORMAT, keyId.length]), keyId]);
}

/**
 * Names the master key that sealed a value.
 *
 * @throws SealError when the value is not a sealed one
 */
export function sealedWith(sealed: Buffer): string {
  const idLength = sealed[1];
  if (sealed[0] !== FORMAT || !idLength || sealed.length < 2 + idLength) throw new SealError('damaged', null);
  return sealed.toString('utf8', 2, 2 + idLength);
}

/** The first half of HKDF-SHA256 (RFC 5869 section 2.2), without a salt: the same for all rows, so it is done once. */
function extract(masterSecret: Buffer): KeyObject {
  return createSecretKey(createHmac('sha256', Buffer.alloc(32)).update(masterSecret).digest());
}

/** The second half (section 2.3), of which one block is a key. */
function expand(rowKeys: KeyObject, { table, row }: SealedPlace): Buffer {
  return createHmac('sha256', rowKeys).update(`wechat-passport/seal/${table}/${row}\x01`).digest();
}

function authenticatedPlace(place: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([place.table, place.column, place.row]), 'utf8');
}
