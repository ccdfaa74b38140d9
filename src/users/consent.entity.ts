import { Column, CreateDateColumn, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from './user.entity.js';

/** That a person agreed to a version of the privacy policy, and in which mini-program. */
@Entity('consents')
export class Consent {
  @PrimaryColumn('uuid')
  userId!: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'user_id' })
  user?: User;

  @PrimaryColumn('text')
  policyVersion!: string;

  @Column('text', { nullable: true })
  appId!: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  givenAt!: Date;
}
