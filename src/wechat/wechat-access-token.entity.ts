import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The access_token of one app, and how often its renewal was forced. The row stays when the token is dropped. */
@Entity('wechat_access_tokens')
@Check(
  'ck_wechat_access_tokens_whole',
  `(token_sealed is null) = (fingerprint is null) and (token_sealed is null) = (expires_at is null)`,
)
export class WechatAccessToken {
  @PrimaryColumn('text')
  appId!: string;

  @Column('bytea', { nullable: true })
  tokenSealed!: Buffer | null;

  /** Names the token, so that exactly this one can be dropped. */
  @Column('bytea', { nullable: true })
  fingerprint!: Buffer | null;

  /** By the database's clock; of two tokens the one that expires later is the newer one. */
  @Column('timestamptz', { nullable: true })
  expiresAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  forcedAt!: Date | null;

  /** The day of `forcedCount`, as Beijing has it: there WeChat's quotas begin anew at midnight. */
  @Column('date', { nullable: true })
  forcedOn!: string | null;

  @Column('smallint', { default: 0 })
  forcedCount!: number;
}
