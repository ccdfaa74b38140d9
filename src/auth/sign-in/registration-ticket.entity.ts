import { Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** Stands for a WeChat identity that was just proved and belongs to nobody yet. */
@Entity('registration_tickets')
@Unique('uq_registration_tickets_ticket_hash', ['ticketHash'])
export class RegistrationTicket {
  @PrimaryColumn('uuid')
  id!: string;

  /** SHA-256 of the ticket, which is 256 random bits. */
  @Column('bytea')
  ticketHash!: Buffer;

  @Column('text')
  appId!: string;

  @Column('text')
  openid!: string;

  @Column('text', { nullable: true })
  openPlatform!: string | null;

  @Column('text', { nullable: true })
  unionid!: string | null;

  @Column('smallint', { default: 0 })
  failures!: number;

  @Index()
  @Column('timestamptz')
  expiresAt!: Date;
}
