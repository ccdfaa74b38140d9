import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: what WeChat pushed, so that an event has its effect once however often it is repeated or replayed.
 * Locks: none that matter, the table is new.
 * Undo: drops the table; an event of before would be taken for a new one if it came again.
 */
export class CreatePushEvents1763600600000 implements MigrationInterface {
  readonly name = 'CreatePushEvents1763600600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table push_events (
        id uuid not null,
        event_hash bytea not null,
        app_id text not null,
        event text not null,
        outcome text not null,
        received_at timestamptz not null default now(),
        delivered_at timestamptz,
        constraint pk_push_events primary key (id),
        constraint uq_push_events_event_hash unique (event_hash),
        constraint ck_push_events_outcome check (outcome in ('obeyed', 'ignored_plain_mode', 'recorded', 'unknown'))
      )`);
    await runner.query(`create index ix_push_events_received_at on push_events (received_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table push_events');
  }
}
