import { Injectable } from '@nestjs/common';
import { Audit } from '../../audit/audit.js';
import type { Origin } from '../../audit/audit-event.js';
import { Database, Rollback } from '../../database/database.js';
import { SecretKeysRepository, type OpenedSecretKey } from '../../secrets/secret-keys.repository.js';
import { RevocationsRepository } from '../revocation/revocations.repository.js';

/** The symmetric keys that make refresh tokens. */
@Injectable()
export class RefreshKeysRepository {
  constructor(
    private readonly database: Database,
    private readonly secretKeys: SecretKeysRepository,
    private readonly revocations: RevocationsRepository,
    private readonly audit: Audit,
  ) {}

  /** Makes the first key unless there is one. */
  async ensure(): Promise<void> {
    await this.secretKeys.ensure('refresh_token');
  }

  /** The keys whose tokens may still be alive, oldest first. @throws SealError - sealed with an unknown master key */
  async load(): Promise<OpenedSecretKey[]> {
    return this.secretKeys.load('refresh_token');
  }

  /** Makes a new key and keeps the old one for `keepSeconds`; every instance hears of it. False when somebody else was first. */
  async rotate(version: number, keepSeconds: number, origin: Origin): Promise<boolean> {
    const rotated = await this.database.transaction(async (transaction) => {
      if (!(await this.secretKeys.succeed(transaction, 'refresh_token', version, keepSeconds))) throw new Rollback();
      await this.revocations.announceKey(transaction, `refresh_token/${version + 1}`, 'rotated');
      const subject = `refresh_token/${version}`;
      await this.audit.record({ event: 'key_rotated', subject, ...origin }, transaction);
      return true;
    });
    return rotated ?? false;
  }

  /** Seals with the first master key what another one has sealed. Ends no session. */
  async reseal(): Promise<void> {
    await this.secretKeys.reseal();
  }

  /** Deletes the keys whose last token has died. */
  async deleteExpired(): Promise<number> {
    return this.secretKeys.deleteExpired();
  }
}
