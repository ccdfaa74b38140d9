import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';
import type { RevokeReason } from '../revocation/revoke-reason.js';

/** How a person proved who they are: WeChat, one-time code by SMS, password, one-time password (RFC 8176 where it has one). */
export type AuthenticationMethod = 'wx' | 'sms' | 'pwd' | 'otp';

/** One sign-in, on one device, for its whole life. The refresh protocol's state is in `generation` to `retiredAt`. */
@Entity('sessions')
@Check('ck_sessions_revoked_for_a_reason', '(revoked_at is null) = (revoke_reason is null)')
@Index('uq_sessions_one_a_device', ['userId', 'appId', 'deviceId'], { unique: true, where: 'revoked_at is null' })
export class Session {
  @PrimaryColumn('uuid')
  id!: string;

  @Index()
  @Column('uuid')
  userId!: string;

  /** The WeChat identity that opened it. */
  @Column('uuid', { nullable: true })
  identityId!: string | null;

  @Column('text')
  appId!: string;

  @Column('text', { array: true })
  amr!: AuthenticationMethod[];

  /** Those of the user when the session was opened; a role change ends the session. */
  @Column('text', { array: true })
  roles!: string[];

  @Column('integer', { default: 0 })
  generation!: number;

  @Column('integer', { default: 0 })
  fork!: number;

  /** Fork of the parent, whose generation is one less. */
  @Column('integer', { nullable: true })
  parentFork!: number | null;

  @Column('bytea', { nullable: true })
  parentNonceHash!: Buffer | null;

  @Column('timestamptz', { default: () => 'now()' })
  rotatedAt!: Date;

  /** Ring of the last tokens that died, newest first, in step with the two columns below. */
  @Column('integer', { array: true, default: () => `'{}'` })
  retiredGenerations!: number[];

  @Column('integer', { array: true, default: () => `'{}'` })
  retiredForks!: number[];

  @Column('timestamptz', { array: true, default: () => `'{}'` })
  retiredAt!: Date[];

  @Column('timestamptz')
  idleExpiresAt!: Date;

  @Index()
  @Column('timestamptz')
  absoluteExpiresAt!: Date;

  @Column('timestamptz', { nullable: true })
  revokedAt!: Date | null;

  @Column('text', { nullable: true })
  revokeReason!: RevokeReason | null;

  @Column('text', { nullable: true })
  deviceId!: string | null;

  @Column('text', { nullable: true })
  deviceName!: string | null;

  @Column('text', { nullable: true })
  devicePlatform!: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
