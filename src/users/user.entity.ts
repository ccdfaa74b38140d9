import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  UpdateDateColumn,
} from 'typeorm';

export type UserStatus = 'active' | 'disabled' | 'erased';

/** A person. Who they are outside (openid, unionid, phone) stands in their identities. */
@Entity('users')
@Check('ck_users_status', `status in ('active', 'disabled', 'erased')`)
@Check('ck_users_merged_is_erased', `merged_into is null or status = 'erased'`)
export class User {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { default: 'active' })
  status!: UserStatus;

  @Column('text', { nullable: true })
  nickname!: string | null;

  @Column('text', { nullable: true })
  avatarUrl!: string | null;

  /** E.164, sealed. The number's blind index is an identity. */
  @Column('bytea', { nullable: true })
  phoneSealed!: Buffer | null;

  /** When WeChat or an SMS last vouched for the number. */
  @Column('timestamptz', { nullable: true })
  phoneProvedAt!: Date | null;

  /** Argon2id in the PHC string format; null while the person has no password. */
  @Column('text', { nullable: true })
  passwordHash!: string | null;

  /** Counts the passwords the person has set. */
  @Column('integer', { default: 0 })
  passwordVersion!: number;

  @Column('text', { array: true, default: () => `'{}'` })
  roles!: string[];

  /** Who this person turned out to be: the user who absorbed this one, never one who was absorbed in turn. */
  @Index({ where: 'merged_into is not null' })
  @Column('uuid', { nullable: true })
  mergedInto!: string | null;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'merged_into' })
  survivor?: User;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updatedAt!: Date;
}
