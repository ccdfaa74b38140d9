import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How often something has happened in its present window. Columns and their order are those of rate-limiter-flexible. */
@Entity('rate_limits')
export class RateLimit {
  /** Name of the limit, and a keyed hash of what it counts by. */
  @PrimaryColumn('varchar', { length: 255 })
  key!: string;

  @Column('integer', { default: 0 })
  points!: number;

  /** Milliseconds since 1970, by the clock of a server. */
  @Index()
  @Column('bigint', { nullable: true })
  expire!: string | null;
}
