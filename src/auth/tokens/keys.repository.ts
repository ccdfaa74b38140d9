import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Sealer, sealedWith, type SealedPlace } from '../../crypto/sealer.js';
import { Database, Rollback } from '../../database/database.js';
import { statement, type Queries } from '../../database/statement.js';
import { COMMIT_DURABLY, COMMIT_SAFELY, FEED_COLUMNS } from '../revocation/revocations.repository.js';
import { generateEs256Key } from './es256-key.js';
import type { SecretKeyPurpose } from './secret-key.entity.js';
import type { PublicJwk, SigningKeyStatus } from './signing-key.entity.js';

/** A signing key, opened. */
export interface OpenedSigningKey {
  readonly kid: string;
  readonly status: SigningKeyStatus;
  readonly publicJwk: PublicJwk;
  readonly pkcs8: Buffer;
  /** Since it got this status. */
  readonly statusSeconds: number;
}

/** A symmetric key, opened. */
export interface OpenedSecretKey {
  readonly version: number;
  readonly secret: Buffer;
  /** Makes no new tokens any more. */
  readonly retiring: boolean;
  readonly ageSeconds: number;
}

interface SigningKeyRow extends Omit<OpenedSigningKey, 'pkcs8'> {
  readonly sealed: Buffer;
}

interface SecretKeyRow extends Omit<OpenedSecretKey, 'secret'> {
  readonly purpose: SecretKeyPurpose;
  readonly sealed: Buffer;
}

const SECRET_BYTES = 32;
// Every instance has read it long before.
const KEY_FEED_SECONDS = 3600;

const selectSigningKeys = statement<SigningKeyRow>(
  'select_signing_keys',
  `select kid, status, public_jwk as "publicJwk", private_key_sealed as sealed,
          extract(epoch from now() - status_changed_at)::float8 as "statusSeconds"
   from signing_keys where status in ('next', 'current', 'previous') order by created_at`,
);

const insertSigningKey = statement<never>(
  'insert_signing_key',
  `with made as (
     insert into signing_keys (kid, status, public_jwk, private_key_sealed) values ($1, $2, $3, $4)
     on conflict do nothing returning 1)
   select ${COMMIT_DURABLY} from made`,
);

const changeStatus = statement<{ kid: string }>(
  'change_signing_key_status',
  `update signing_keys set status = $2, status_changed_at = now() where kid = $1 and status = $3 returning kid`,
);

const promoteNext = statement<{ kid: string }>(
  'promote_next_signing_key',
  `update signing_keys set status = 'current', status_changed_at = now()
   where status = 'next' and created_at <= now() - make_interval(secs => $1) returning kid`,
);

const revokeKey = statement<{ was: SigningKeyStatus }>(
  'revoke_signing_key',
  `update signing_keys k set status = 'revoked', status_changed_at = now(), private_key_sealed = ''
   from (select kid, status from signing_keys where kid = $1 and status <> 'revoked' for update) as before
   where k.kid = before.kid returning before.status as was`,
);

const retirePrevious = statement<{ kid: string }>(
  'retire_previous_signing_keys',
  `update signing_keys set status = 'retired', status_changed_at = now(), private_key_sealed = ''
   where status = 'previous' and status_changed_at < now() - make_interval(secs => $1) returning kid`,
);

const announceKey = statement<never>(
  'announce_key',
  `with fed as (
     insert into revocations ${FEED_COLUMNS} values ('key', $1, $2, now() + make_interval(secs => $3)) returning 1)
   select ${COMMIT_SAFELY} from fed`,
);

const selectSecretKeys = statement<SecretKeyRow>(
  'select_secret_keys',
  `select purpose, version, secret_sealed as sealed, retire_after is not null as retiring,
          extract(epoch from now() - created_at)::float8 as "ageSeconds"
   from secret_keys where ($1::text is null or purpose = $1) and (retire_after is null or retire_after > now())
   order by version`,
);

const insertSecretKey = statement<{ version: number }>(
  'insert_secret_key',
  `with made as (
     insert into secret_keys (purpose, version, secret_sealed) values ($1, $2, $3) on conflict do nothing returning version)
   select version, ${COMMIT_DURABLY} from made`,
);

const retireSecretKey = statement<never>(
  'retire_secret_key',
  `update secret_keys set retire_after = now() + make_interval(secs => $3)
   where purpose = $1 and version = $2 and retire_after is null`,
);

const deleteExpiredSecretKeys = statement<{ version: number }>(
  'delete_expired_secret_keys',
  'delete from secret_keys where retire_after < now() returning version',
);

const resealSigningKey = statement<never>(
  'reseal_signing_key',
  'update signing_keys set private_key_sealed = $3 where kid = $1 and private_key_sealed = $2',
);

const resealSecretKey = statement<never>(
  'reseal_secret_key',
  'update secret_keys set secret_sealed = $4 where purpose = $1 and version = $2 and secret_sealed = $3',
);

/** The tables of keys. What is read here is opened, what is written here is sealed; every change is a compare-and-set. */
@Injectable()
export class KeysRepository {
  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
  ) {}

  /** Makes a signing key of this status unless there is one. Of several instances at once, one makes it. */
  async ensureSigningKey(status: 'current' | 'next', queries: Queries = this.database): Promise<void> {
    const { kid, publicJwk, privateKey } = generateEs256Key();
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    await queries.query(insertSigningKey, [kid, status, publicJwk, this.sealer.seal(pkcs8, signingKeyPlace(kid))]);
  }

  /** @throws SealError when a key was sealed with a master key that is not configured */
  async loadSigningKeys(): Promise<OpenedSigningKey[]> {
    const rows = await this.database.query(selectSigningKeys, []);
    return rows.map(({ sealed, ...key }) => ({ ...key, pkcs8: this.sealer.open(sealed, signingKeyPlace(key.kid)) }));
  }

  /**
   * Makes the next key the current one, the current one the previous one, and a new next key.
   *
   * False when `current` is not the current one any more, or the next has been published for less than `publishedSeconds`.
   */
  async rotateSigningKey(current: string, publishedSeconds: number): Promise<boolean> {
    const rotated = await this.database.transaction(async (transaction) => {
      const demoted = await transaction.query(changeStatus, [current, 'previous', 'current']);
      if (demoted.length === 0) throw new Rollback();
      const promoted = await transaction.query(promoteNext, [publishedSeconds]);
      if (promoted.length === 0) throw new Rollback();
      await this.ensureSigningKey('next', transaction);
      await transaction.query(announceKey, [current, 'rotated', KEY_FEED_SECONDS]);
      return true;
    });
    return rotated ?? false;
  }

  /** Makes a signing key worthless at once, and puts the next one in its place where it was in use. False: no such key. */
  async revokeSigningKey(kid: string): Promise<boolean> {
    const revoked = await this.database.transaction(async (transaction) => {
      const [key] = await transaction.query(revokeKey, [kid]);
      if (!key) throw new Rollback();
      if (key.was === 'current') await transaction.query(promoteNext, [0]);
      await this.ensureSigningKey('next', transaction);
      await transaction.query(announceKey, [kid, 'revoked', KEY_FEED_SECONDS]);
      return true;
    });
    return revoked ?? false;
  }

  /** Retires the keys that have signed nothing for `seconds`. */
  async retirePreviousSigningKeys(seconds: number): Promise<number> {
    return (await this.database.query(retirePrevious, [seconds])).length;
  }

  /** Deletes the symmetric keys whose last token has died. */
  async deleteExpiredSecretKeys(): Promise<number> {
    return (await this.database.query(deleteExpiredSecretKeys, [])).length;
  }

  /** Makes the first symmetric key for a purpose unless there is one. */
  async ensureSecretKey(purpose: SecretKeyPurpose): Promise<void> {
    await this.insertSecretKey(this.database, purpose, 1);
  }

  /** The keys of a purpose whose tokens may still be alive, oldest first. @throws SealError as above */
  async loadSecretKeys(purpose: SecretKeyPurpose): Promise<OpenedSecretKey[]> {
    const rows = await this.database.query(selectSecretKeys, [purpose]);
    return rows.map(({ sealed, purpose: _, ...key }) => ({
      ...key,
      secret: this.sealer.open(sealed, secretKeyPlace(purpose, key.version)),
    }));
  }

  /** Makes a new symmetric key and keeps the old one for `keepSeconds`. False when somebody else was first. */
  async rotateSecretKey(purpose: SecretKeyPurpose, version: number, keepSeconds: number): Promise<boolean> {
    const rotated = await this.database.transaction(async (transaction) => {
      if (!(await this.insertSecretKey(transaction, purpose, version + 1))) throw new Rollback();
      await transaction.query(retireSecretKey, [purpose, version, keepSeconds]);
      await transaction.query(announceKey, [`${purpose}/${version + 1}`, 'rotated', KEY_FEED_SECONDS]);
      return true;
    });
    return rotated ?? false;
  }

  /**
   * Seals with the first master key whatever another one has sealed. Ends no session and changes no key.
   *
   * @param progress told after every row: rows looked at, rows in all
   */
  async reseal(progress: (done: number, total: number) => void = () => undefined): Promise<number> {
    const signing = await this.database.query(selectSigningKeys, []);
    const secret = await this.database.query(selectSecretKeys, [null]);
    const total = signing.length + secret.length;
    let done = 0;
    let resealed = 0;
    for (const { kid, sealed } of signing) {
      const fresh = this.resealed(sealed, signingKeyPlace(kid));
      if (fresh) await this.database.query(resealSigningKey, [kid, sealed, fresh]);
      if (fresh) resealed += 1;
      progress((done += 1), total);
    }
    for (const { purpose, version, sealed } of secret) {
      const fresh = this.resealed(sealed, secretKeyPlace(purpose, version));
      if (fresh) await this.database.query(resealSecretKey, [purpose, version, sealed, fresh]);
      if (fresh) resealed += 1;
      progress((done += 1), total);
    }
    return resealed;
  }

  private resealed(sealed: Buffer, place: SealedPlace): Buffer | null {
    if (sealedWith(sealed) === this.sealer.currentKeyId) return null;
    return this.sealer.seal(this.sealer.open(sealed, place), place);
  }

  private async insertSecretKey(queries: Queries, purpose: SecretKeyPurpose, version: number): Promise<boolean> {
    const sealed = this.sealer.seal(randomBytes(SECRET_BYTES), secretKeyPlace(purpose, version));
    return (await queries.query(insertSecretKey, [purpose, version, sealed])).length === 1;
  }
}

function signingKeyPlace(kid: string): SealedPlace {
  return { table: 'signing_keys', column: 'private_key_sealed', row: kid };
}

function secretKeyPlace(purpose: SecretKeyPurpose, version: number): SealedPlace {
  return { table: 'secret_keys', column: 'secret_sealed', row: `${purpose}/${version}` };
}
