import { Check, Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

export type UserStatus = 'active' | 'disabled' | 'erased';

/** A person. Who they are outside (openid, unionid, phone) stands in their identities. */
@Entity('users')
@Check('ck_users_status', `status in ('active', 'disabled', 'erased')`)
export class User {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { default: 'active' })
  status!: UserStatus;

  @Column('text', { nullable: true })
  nickname!: string | null;

  @Column('text', { nullable: true })
  avatarUrl!: string | null;

  @Column('text', { array: true, default: () => `'{}'` })
  roles!: string[];

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updatedAt!: Date;
}
