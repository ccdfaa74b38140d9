import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** That somebody with this openid was erased, and when. Never keeps them from coming back as somebody new. */
@Entity('erasures')
export class Erasure {
  @PrimaryColumn('uuid')
  id!: string;

  /** Keyed hash of app and openid. */
  @Index()
  @Column('bytea')
  subjectHash!: Buffer;

  @Column('timestamptz', { default: () => 'now()' })
  erasedAt!: Date;
}
