import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { MergeGround } from './merge-ticket.entity.js';

/** A merge that can still be undone. An account is absorbed once, so its id is the merge's. */
@Entity('merges')
@Check('ck_merges_proved_by', `proved_by in ('phone', 'unionid', 'openid')`)
export class Merge {
  @PrimaryColumn('uuid')
  absorbedId!: string;

  @Column('uuid')
  survivorId!: string;

  @Column('text')
  provedBy!: MergeGround;

  /** What the absorbed account was, sealed. */
  @Column('bytea')
  undoSealed!: Buffer;

  @Index()
  @Column('timestamptz', { default: () => 'now()' })
  mergedAt!: Date;
}
