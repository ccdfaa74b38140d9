import { Injectable } from '@nestjs/common';
import { Audit } from '../../audit/audit.js';
import type { Origin } from '../../audit/audit-event.js';
import { Sealer } from '../../crypto/sealer.js';
import { COMMIT_DURABLY } from '../../database/commit-durably.js';
import { Database, Rollback } from '../../database/database.js';
import { statement, type Queries } from '../../database/statement.js';
import { placeIn, resealColumn, type SealedColumn } from '../../secrets/sealed-column.js';
import { RevocationsRepository } from '../revocation/revocations.repository.js';
import { generateEs256Key } from './es256-key.js';
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

interface SigningKeyRow extends Omit<OpenedSigningKey, 'pkcs8'> {
  readonly sealed: Buffer;
}

/** Where private keys are sealed. */
export const SIGNING_KEY: SealedColumn = {
  table: 'signing_keys',
  column: 'private_key_sealed',
  key: { kid: 'text' },
};

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

const retirePreviousKeys = statement<{ kid: string }>(
  'retire_previous_signing_keys',
  `update signing_keys set status = 'retired', status_changed_at = now(), private_key_sealed = ''
   where status = 'previous' and status_changed_at < now() - make_interval(secs => $1) returning kid`,
);

/** The signing keys. What is read here is opened, what is written here is sealed; every change is a compare-and-set. */
@Injectable()
export class SigningKeysRepository {
  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
    private readonly revocations: RevocationsRepository,
    private readonly audit: Audit,
  ) {}

  /** Makes a signing key of this status unless there is one. Of several instances at once, one makes it. */
  async ensure(status: 'current' | 'next', queries: Queries = this.database): Promise<void> {
    const { kid, publicJwk, privateKey } = generateEs256Key();
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    await queries.query(insertSigningKey, [kid, status, publicJwk, this.sealer.seal(pkcs8, placeIn(SIGNING_KEY, kid))]);
  }

  /** @throws SealError when a key was sealed with a master key that is not configured */
  async load(): Promise<OpenedSigningKey[]> {
    const rows = await this.database.query(selectSigningKeys, []);
    return rows.map(({ sealed, ...key }) => ({
      ...key,
      pkcs8: this.sealer.open(sealed, placeIn(SIGNING_KEY, key.kid)),
    }));
  }

  /**
   * Makes the next key the current one, the current one the previous one, and a new next key.
   *
   * False when `current` is not the current one any more, or the next has been published for less than `publishedSeconds`.
   */
  async rotate(current: string, publishedSeconds: number, origin: Origin): Promise<boolean> {
    const rotated = await this.database.transaction(async (transaction) => {
      const demoted = await transaction.query(changeStatus, [current, 'previous', 'current']);
      if (demoted.length === 0) throw new Rollback();
      const promoted = await transaction.query(promoteNext, [publishedSeconds]);
      if (promoted.length === 0) throw new Rollback();
      await this.ensure('next', transaction);
      await this.revocations.announceKey(transaction, current, 'rotated');
      await this.audit.record({ event: 'key_rotated', subject: current, ...origin }, transaction);
      return true;
    });
    return rotated ?? false;
  }

  /** Makes a signing key worthless at once, and puts the next one in its place where it was in use. False: no such key. */
  async revoke(kid: string, origin: Origin): Promise<boolean> {
    const revoked = await this.database.transaction(async (transaction) => {
      const [key] = await transaction.query(revokeKey, [kid]);
      if (!key) throw new Rollback();
      if (key.was === 'current') await transaction.query(promoteNext, [0]);
      await this.ensure('next', transaction);
      await this.revocations.announceKey(transaction, kid, 'revoked');
      await this.audit.record({ event: 'key_revoked', subject: kid, ...origin }, transaction);
      return true;
    });
    return revoked ?? false;
  }

  /** Seals with the first master key what another one has sealed. Changes no key. */
  async reseal(): Promise<void> {
    await resealColumn(this.database, this.sealer, SIGNING_KEY);
  }

  /** Retires the keys that have signed nothing for `seconds`. */
  async retirePrevious(seconds: number): Promise<number> {
    return (await this.database.query(retirePreviousKeys, [seconds])).length;
  }
}
