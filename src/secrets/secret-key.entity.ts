import { Check, Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** What a symmetric key is for: making refresh tokens, or finding a personal value without storing it. */
export type SecretKeyPurpose = 'refresh_token' | 'blind_index';

/** A symmetric key: 32 random bytes, sealed. Made once, so that rotating the master key changes nothing it made. */
@Entity('secret_keys')
@Check('ck_secret_keys_purpose', `purpose in ('refresh_token', 'blind_index')`)
@Check('ck_secret_keys_version', `version between 1 and 255`)
export class SecretKey {
  @PrimaryColumn('text')
  purpose!: SecretKeyPurpose;

  @PrimaryColumn('smallint')
  version!: number;

  @Column('bytea')
  secretSealed!: Buffer;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  /** When the last token it made has died; null while it makes new ones. */
  @Column('timestamptz', { nullable: true })
  retireAfter!: Date | null;
}
