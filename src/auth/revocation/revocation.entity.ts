import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

export type RevocationKind = 'session' | 'key';

/** Something that died before its time: a session, by id, or a signing key, by kid. */
@Entity('revocations')
@Check('ck_revocations_kind', `kind in ('session', 'key')`)
export class Revocation {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('text')
  kind!: RevocationKind;

  @Column('text')
  subject!: string;

  @Column('text')
  reason!: string;

  @Index()
  @Column('timestamptz', { default: () => 'now()' })
  writtenAt!: Date;

  /** From then on no token it speaks of can still be valid. */
  @Index()
  @Column('timestamptz')
  expiresAt!: Date;
}
