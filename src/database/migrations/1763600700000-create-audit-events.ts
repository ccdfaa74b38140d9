import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: what happened to accounts, sessions and keys, by ids, codes and field names; no value that an erasure would have to
 * rewrite, hence no foreign key either.
 * Locks: none that matter, the table is new.
 * Undo: drops the log; nothing else reads it.
 */
export class CreateAuditEvents1763600700000 implements MigrationInterface {
  readonly name = 'CreateAuditEvents1763600700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table audit_events (
        id uuid not null,
        at timestamptz not null default now(),
        event text not null,
        user_id uuid,
        actor_kind text not null,
        actor_id text,
        session_id uuid,
        app_id text,
        reason text,
        subject text,
        fields text[] not null default '{}',
        trace_id text,
        constraint pk_audit_events primary key (id),
        constraint ck_audit_events_actor_kind check (actor_kind in ('user', 'admin', 'client', 'wechat', 'system'))
      )`);
    await runner.query(`create index ix_audit_events_user_id_id on audit_events (user_id, id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table audit_events');
  }
}
