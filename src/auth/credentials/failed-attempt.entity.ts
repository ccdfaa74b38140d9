import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Guesses at one secret that were wrong, in a row. Success deletes it. */
@Entity('failed_attempts')
export class FailedAttempt {
  /** Keyed hash of what was guessed at: a username that may exist or not, or a user. */
  @PrimaryColumn('bytea')
  subject!: Buffer;

  @Column('integer')
  failures!: number;

  @Index()
  @Column('timestamptz')
  failedAt!: Date;

  @Column('timestamptz')
  lockedUntil!: Date;
}
