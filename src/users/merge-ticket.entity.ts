import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** What a person proved to hold although another account does: that is why the two may be one person. */
export type MergeGround = 'phone' | 'unionid' | 'openid';

/** Permits one person to take another account, or only its phone number, for their own. */
@Entity('merge_tickets')
@Unique('uq_merge_tickets_ticket_hash', ['ticketHash'])
@Check('ck_merge_tickets_proved_by', `proved_by in ('phone', 'unionid', 'openid')`)
export class MergeTicketRow {
  @PrimaryColumn('uuid')
  id!: string;

  /** SHA-256. */
  @Column('bytea')
  ticketHash!: Buffer;

  /** Who may use it. */
  @Column('uuid')
  userId!: string;

  @Column('uuid')
  otherUserId!: string;

  @Column('text')
  provedBy!: MergeGround;

  /** The identity of the other account that was proved; null when it was gone as the ticket was written. */
  @Column('uuid', { nullable: true })
  provedIdentityId!: string | null;

  /** Whether it proves the other account, or its phone number alone. */
  @Column('boolean')
  fullProof!: boolean;

  /** E.164, sealed. */
  @Column('bytea', { nullable: true })
  phoneSealed!: Buffer | null;

  @Column('smallint', { default: 0 })
  failures!: number;

  @Index()
  @Column('timestamptz')
  expiresAt!: Date;
}
