import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parse as parseUuid, stringify as formatUuid } from 'uuid';
import { decodeBase64url } from '../../crypto/canonical-base64url.js';
import { KeyRing } from './key-ring.js';

/** What a refresh token names: a session, and a point in that session's life. */
export interface RefreshTokenPoint {
  readonly sessionId: string;
  readonly generation: number;
  readonly fork: number;
}

// keyVersion (1) ‖ sessionId (16) ‖ generation (4) ‖ fork (4) ‖ first half of an HMAC-SHA256 (16)
const SESSION_AT = 1;
const GENERATION_AT = 17;
const FORK_AT = 21;
const MAC_AT = 25;
const TOKEN_BYTES = 41;
const TOKEN_LENGTH = Math.ceil((TOKEN_BYTES * 4) / 3);
const PURPOSE = Buffer.from('wechat-passport/refresh-token\0', 'utf8');

/**
 * Writes and reads refresh tokens.
 *
 * A token is computed, not stored: whoever reads the database can present none, and a forged one costs no query.
 */
@Injectable()
export class RefreshTokens {
  constructor(private readonly keys: KeyRing) {}

  write(point: RefreshTokenPoint): string {
    const { version, secret } = this.keys.refresh();
    const bytes = Buffer.alloc(TOKEN_BYTES);
    bytes.writeUInt8(version, 0);
    bytes.set(parseUuid(point.sessionId), SESSION_AT);
    bytes.writeUInt32BE(point.generation, GENERATION_AT);
    bytes.writeUInt32BE(point.fork, FORK_AT);
    bytes.set(macOf(secret, bytes), MAC_AT);
    return bytes.toString('base64url');
  }

  /** Null for anything that this server did not write. Asks the database only for a key that is not known yet. */
  async read(token: string): Promise<RefreshTokenPoint | null> {
    if (token.length !== TOKEN_LENGTH) return null;
    const bytes = decodeBase64url(token);
    if (bytes?.length !== TOKEN_BYTES) return null;
    const version = bytes.readUInt8(0);
    const secret = this.keys.refreshOf(version) ?? (await this.keys.refreshOfAfterReload(version));
    if (!secret || !timingSafeEqual(macOf(secret, bytes), bytes.subarray(MAC_AT))) return null;
    return {
      sessionId: formatUuid(bytes.subarray(SESSION_AT, GENERATION_AT)),
      generation: bytes.readUInt32BE(GENERATION_AT),
      fork: bytes.readUInt32BE(FORK_AT),
    };
  }
}

function macOf(secret: KeyObject, bytes: Buffer): Buffer {
  return createHmac('sha256', secret)
    .update(PURPOSE)
    .update(bytes.subarray(SESSION_AT, MAC_AT))
    .digest()
    .subarray(0, 16);
}
