import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

export type SigningKeyStatus = 'next' | 'current' | 'previous' | 'retired' | 'revoked';

/** Public half of an ES256 key (RFC 7518 section 6.2). */
export interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

/** A key that signs access tokens. Exactly one is current, by constraint. */
@Entity('signing_keys')
@Check('ck_signing_keys_status', `status in ('next', 'current', 'previous', 'retired', 'revoked')`)
@Index('uq_signing_keys_one_current', ['status'], { unique: true, where: `status = 'current'` })
@Index('uq_signing_keys_one_next', ['status'], { unique: true, where: `status = 'next'` })
export class SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  @PrimaryColumn('text')
  kid!: string;

  @Column('text')
  status!: SigningKeyStatus;

  @Column('jsonb')
  publicJwk!: PublicJwk;

  /** PKCS#8, sealed. */
  @Column('bytea')
  privateKeySealed!: Buffer;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @Column('timestamptz', { default: () => 'now()' })
  statusChangedAt!: Date;
}
