import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** That a session has read a piece of encrypted data, so that no other session reads it again. */
@Entity('user_data_readings')
export class UserDataReading {
  /** Keyed hash. */
  @PrimaryColumn('bytea')
  dataHash!: Buffer;

  @Column('uuid')
  sessionId!: string;

  @Index()
  @Column('timestamptz', { default: () => 'now()' })
  readAt!: Date;
}
