import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The session_keys that WeChat gave us for one openid. Exists before any user does. */
@Entity('wechat_sessions')
export class WechatSession {
  @PrimaryColumn('text')
  appId!: string;

  @PrimaryColumn('text')
  openid!: string;

  /** As base64 text, sealed. */
  @Column('bytea')
  sessionKeySealed!: Buffer;

  /** The one before; data that the phone encrypted a moment ago may need it. */
  @Column('bytea', { nullable: true })
  previousSessionKeySealed!: Buffer | null;

  /** Tells whether WeChat has given the same key again. */
  @Column('bytea')
  fingerprint!: Buffer;

  /** When the call to WeChat began that answered the current key. */
  @Column('timestamptz')
  calledAt!: Date;
}
