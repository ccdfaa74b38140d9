import { Check, Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, Unique } from 'typeorm';
import { User } from './user.entity.js';

export type IdentityKind = 'wechat_openid' | 'wechat_unionid' | 'phone' | 'username';

/**
 * One way in which a person is recognised. (kind, issuer, subject) is unique in the world.
 *
 * The issuer is the appId of an openid, the Open Platform account of a unionid, and empty for phone and username.
 */
@Entity('identities')
@Unique('uq_identities_kind_issuer_subject', ['kind', 'issuer', 'subject'])
@Check('ck_identities_kind', `kind in ('wechat_openid', 'wechat_unionid', 'phone', 'username')`)
@Index('uq_identities_one_phone_a_user', ['userId'], { unique: true, where: `kind = 'phone'` })
@Index('uq_identities_one_username_a_user', ['userId'], { unique: true, where: `kind = 'username'` })
export class Identity {
  @PrimaryColumn('uuid')
  id!: string;

  @Index()
  @Column('uuid')
  userId!: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'user_id' })
  user?: User;

  @Column('text')
  kind!: IdentityKind;

  @Column('text')
  issuer!: string;

  @Column('text')
  subject!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
