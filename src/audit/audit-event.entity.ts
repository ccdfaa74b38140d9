import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ActorKind, AuditEventName, PersonalField } from './audit-event.js';

/** Something that happened to an account, a session or a key. Rows are added and, when old, deleted; never changed. */
@Entity('audit_events')
@Check('ck_audit_events_actor_kind', `actor_kind in ('user', 'admin', 'client', 'wechat', 'system')`)
@Index(['userId', 'id'])
export class AuditEvent {
  /** UUIDv7: the order of ids is the order of time, to the millisecond. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('timestamptz', { default: () => 'now()' })
  at!: Date;

  @Column('text')
  event!: AuditEventName;

  /** No foreign key: the event outlives its user. */
  @Column('uuid', { nullable: true })
  userId!: string | null;

  @Column('text')
  actorKind!: ActorKind;

  @Column('text', { nullable: true })
  actorId!: string | null;

  @Column('uuid', { nullable: true })
  sessionId!: string | null;

  @Column('text', { nullable: true })
  appId!: string | null;

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('text', { nullable: true })
  subject!: string | null;

  @Column('text', { array: true, default: () => `'{}'` })
  fields!: PersonalField[];

  @Column('text', { nullable: true })
  traceId!: string | null;
}
