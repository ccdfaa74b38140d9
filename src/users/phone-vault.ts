import { Injectable } from '@nestjs/common';
import { Sealer } from '../crypto/sealer.js';
import { KeyedHash } from '../secrets/keyed-hash.js';
import { placeIn, type SealedColumn } from '../secrets/sealed-column.js';
import type { IdentityName } from './identities.repository.js';
import type { PhoneNumber } from './phone-number.js';

/** Where phone numbers are sealed. */
export const USER_PHONE: SealedColumn = { table: 'users', column: 'phone_sealed', key: { id: 'uuid' } };

/** Keeps phone numbers: sealed for their owner, and as a blind index by which a number finds its owner. */
@Injectable()
export class PhoneVault {
  constructor(
    private readonly sealer: Sealer,
    private readonly keyedHash: KeyedHash,
  ) {}

  seal(userId: string, { e164 }: PhoneNumber): Buffer {
    return this.sealer.seal(Buffer.from(e164, 'utf8'), placeIn(USER_PHONE, userId));
  }

  /** @throws SealError - sealed with a master key that is not configured, or for somebody else */
  open(userId: string, sealed: Buffer): PhoneNumber {
    return { e164: this.sealer.open(sealed, placeIn(USER_PHONE, userId)).toString('utf8') };
  }

  /** The identity that a number is. Nobody without the key of this installation can tell the number from it. */
  async identityOf({ e164 }: PhoneNumber): Promise<IdentityName> {
    return { kind: 'phone', issuer: '', subject: (await this.keyedHash.of('phone', e164)).toString('base64url') };
  }
}
