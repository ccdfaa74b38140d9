import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/**
 * What became of a push: what it obliges to delete is gone; it would delete, but came in plain mode; it was taken note
 * of; or nobody here knows what it means.
 */
export type PushOutcome = 'obeyed' | 'ignored_plain_mode' | 'recorded' | 'unknown';

/** A push that was taken. Names no person: an event is told from others by a keyed hash. */
@Entity('push_events')
@Unique('uq_push_events_event_hash', ['eventHash'])
@Check('ck_push_events_outcome', `outcome in ('obeyed', 'ignored_plain_mode', 'recorded', 'unknown')`)
export class PushEventRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('bytea')
  eventHash!: Buffer;

  @Column('text')
  appId!: string;

  /** The event's name as WeChat spells it. */
  @Column('text')
  event!: string;

  @Column('text')
  outcome!: PushOutcome;

  @Index()
  @Column('timestamptz', { default: () => 'now()' })
  receivedAt!: Date;

  /** When every subscriber had done its part; null while a repeat would be told to them again. */
  @Column('timestamptz', { nullable: true })
  deliveredAt!: Date | null;
}
