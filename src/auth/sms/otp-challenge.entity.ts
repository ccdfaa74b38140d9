import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The last one-time code that was sent to a number, and what was tried with the number's codes that day. */
@Entity('otp_challenges')
export class OtpChallenge {
  /** Keyed hash of the number. */
  @PrimaryColumn('bytea')
  numberIndex!: Buffer;

  /** Keyed hash of number and code; null when the code is spent. */
  @Column('bytea', { nullable: true })
  codeHash!: Buffer | null;

  @Index()
  @Column('timestamptz')
  expiresAt!: Date;

  @Column('integer', { default: 0 })
  tries!: number;

  /** null when the code could not be sent. */
  @Column('timestamptz', { nullable: true })
  sentAt!: Date | null;

  /** The 24 hours that the two numbers below are counted in begin with a code. */
  @Column('timestamptz', { default: () => 'now()' })
  dayStartedAt!: Date;

  @Column('integer', { default: 0 })
  sentThatDay!: number;

  @Column('integer', { default: 0 })
  wrongThatDay!: number;

  @Column('timestamptz', { nullable: true })
  lockedUntil!: Date | null;
}
