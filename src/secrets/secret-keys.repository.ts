import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Sealer } from '../crypto/sealer.js';
import { COMMIT_DURABLY } from '../database/commit-durably.js';
import { Database } from '../database/database.js';
import { statement, type Queries } from '../database/statement.js';
import { placeIn, resealColumn, type SealedColumn } from './sealed-column.js';
import type { SecretKeyPurpose } from './secret-key.entity.js';

/** A symmetric key, opened. */
export interface OpenedSecretKey {
  readonly version: number;
  readonly secret: Buffer;
  /** Makes nothing new any more. */
  readonly retiring: boolean;
  readonly ageSeconds: number;
}

interface SecretKeyRow extends Omit<OpenedSecretKey, 'secret'> {
  readonly sealed: Buffer;
}

/** Where symmetric keys are sealed. */
export const SECRET_KEY: SealedColumn = {
  table: 'secret_keys',
  column: 'secret_sealed',
  key: { purpose: 'text', version: 'smallint' },
};

const SECRET_BYTES = 32;

const selectSecretKeys = statement<SecretKeyRow>(
  'select_secret_keys',
  `select version, secret_sealed as sealed, retire_after is not null as retiring,
          extract(epoch from now() - created_at)::float8 as "ageSeconds"
   from secret_keys where purpose = $1 and (retire_after is null or retire_after > now())
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

/** The symmetric keys of this installation. What is read here is opened, what is written here is sealed. */
@Injectable()
export class SecretKeysRepository {
  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
  ) {}

  /** Makes the first key for a purpose unless there is one. */
  async ensure(purpose: SecretKeyPurpose): Promise<void> {
    await this.insert(this.database, purpose, 1);
  }

  /** The keys of a purpose that are not expired, oldest first. @throws SealError - sealed with an unknown master key */
  async load(purpose: SecretKeyPurpose): Promise<OpenedSecretKey[]> {
    const rows = await this.database.query(selectSecretKeys, [purpose]);
    return rows.map(({ sealed, ...key }) => ({
      ...key,
      secret: this.sealer.open(sealed, placeIn(SECRET_KEY, purpose, key.version)),
    }));
  }

  /** Makes the key after this version within the caller's transaction, and keeps this one for `keepSeconds`. False when somebody was first. */
  async succeed(
    transaction: Queries,
    purpose: SecretKeyPurpose,
    version: number,
    keepSeconds: number,
  ): Promise<boolean> {
    if (!(await this.insert(transaction, purpose, version + 1))) return false;
    await transaction.query(retireSecretKey, [purpose, version, keepSeconds]);
    return true;
  }

  /** Seals with the first master key what another one has sealed. Changes no key. */
  async reseal(): Promise<void> {
    await resealColumn(this.database, this.sealer, SECRET_KEY);
  }

  /** Deletes the keys that nothing alive was made with. */
  async deleteExpired(): Promise<number> {
    return (await this.database.query(deleteExpiredSecretKeys, [])).length;
  }

  private async insert(queries: Queries, purpose: SecretKeyPurpose, version: number): Promise<boolean> {
    const sealed = this.sealer.seal(randomBytes(SECRET_BYTES), placeIn(SECRET_KEY, purpose, version));
    return (await queries.query(insertSecretKey, [purpose, version, sealed])).length === 1;
  }
}
