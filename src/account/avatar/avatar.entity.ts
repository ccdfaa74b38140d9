import { Check, Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { User } from '../../users/user.entity.js';
import type { ImageType } from './image-type.js';

/** A picture that a person uploaded. Its id is its secret: whoever knows it may see the picture. */
@Entity('avatars')
@Check('ck_avatars_media_type', `media_type in ('image/jpeg', 'image/png', 'image/webp', 'image/gif')`)
export class Avatar {
  /** UUIDv4, because nobody may guess it. */
  @PrimaryColumn('uuid')
  id!: string;

  /** Who uploaded it; after a merge it may be the avatar of the survivor. */
  @Index()
  @Column('uuid')
  userId!: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'user_id' })
  user?: User;

  @Column('text')
  mediaType!: ImageType;

  @Column('bytea')
  bytes!: Buffer;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
