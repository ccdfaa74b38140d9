import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { Sealer } from '../../crypto/sealer.js';
import { asUnavailable } from '../../database/unavailable.js';
import { generateEs256Key } from './es256-key.js';
import { SecretKey, type SecretKeyPurpose } from './secret-key.entity.js';
import { SigningKey, type SigningKeyStatus } from './signing-key.entity.js';

const SECRET_BYTES = 32;

/** The tables of keys. What is read here is opened; what is written here is sealed. */
@Injectable()
export class KeysRepository {
  constructor(
    @InjectRepository(SigningKey) private readonly signingKeys: Repository<SigningKey>,
    @InjectRepository(SecretKey) private readonly secretKeys: Repository<SecretKey>,
    private readonly sealer: Sealer,
  ) {}

  /** Makes a signing key of this status unless there is one. Of several instances at once, one makes it. */
  async ensureSigningKey(status: 'current' | 'next'): Promise<void> {
    if (await this.signingKeys.existsBy({ status })) return;
    const { kid, publicJwk, privateKey } = generateEs256Key();
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    await this.signingKeys
      .createQueryBuilder()
      .insert()
      .values({ kid, status, publicJwk, privateKeySealed: this.sealer.seal(pkcs8, signingKeyPlace(kid)) })
      .orIgnore()
      .execute();
  }

  /** Makes the first symmetric key for a purpose unless there is one. */
  async ensureSecretKey(purpose: SecretKeyPurpose): Promise<void> {
    if (await this.secretKeys.existsBy({ purpose })) return;
    const secretSealed = this.sealer.seal(randomBytes(SECRET_BYTES), secretKeyPlace(purpose, 1));
    await this.secretKeys
      .createQueryBuilder()
      .insert()
      .values({ purpose, version: 1, secretSealed })
      .orIgnore()
      .execute();
  }

  /** @throws SealError when a key was sealed with a master key that is not configured */
  async loadSigningKeys(statuses: readonly SigningKeyStatus[]): Promise<(SigningKey & { pkcs8: Buffer })[]> {
    const rows = await unavailable(this.signingKeys.findBy({ status: In(statuses) }));
    return rows.map((row) => ({ ...row, pkcs8: this.sealer.open(row.privateKeySealed, signingKeyPlace(row.kid)) }));
  }

  /** @throws SealError when a key was sealed with a master key that is not configured */
  async loadSecretKeys(purpose: SecretKeyPurpose): Promise<{ version: number; secret: Buffer; retired: boolean }[]> {
    const rows = await unavailable(this.secretKeys.find({ where: { purpose }, order: { version: 'asc' } }));
    return rows.map(({ version, secretSealed, retireAfter }) => ({
      version,
      secret: this.sealer.open(secretSealed, secretKeyPlace(purpose, version)),
      retired: retireAfter !== null,
    }));
  }
}

function signingKeyPlace(kid: string) {
  return { table: 'signing_keys', column: 'private_key_sealed', row: kid };
}

function secretKeyPlace(purpose: SecretKeyPurpose, version: number) {
  return { table: 'secret_keys', column: 'secret_sealed', row: `${purpose}/${version}` };
}

async function unavailable<Result>(query: Promise<Result>): Promise<Result> {
  try {
    return await query;
  } catch (error) {
    throw asUnavailable(error);
  }
}
