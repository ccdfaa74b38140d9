import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: the feed from which every instance learns within a second what has died, a session or a signing key; and one
 * live session a device, decided by the database.
 * Locks: the index on `sessions` blocks writes to it while it is built; the table is new.
 * Undo: drops the feed; a signed-out access token lives until it expires.
 */
export class CreateRevocations1763600300000 implements MigrationInterface {
  readonly name = 'CreateRevocations1763600300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table revocations (
        id uuid not null default gen_random_uuid(),
        kind text not null,
        subject text not null,
        reason text not null,
        written_at timestamptz not null default now(),
        expires_at timestamptz not null,
        constraint pk_revocations primary key (id),
        constraint ck_revocations_kind check (kind in ('session', 'key'))
      )`);
    await runner.query(`create index ix_revocations_written_at on revocations (written_at)`);
    await runner.query(`create index ix_revocations_expires_at on revocations (expires_at)`);
    await runner.query(`
      create unique index uq_sessions_one_a_device on sessions (user_id, app_id, device_id) where revoked_at is null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index uq_sessions_one_a_device');
    await runner.query('drop table revocations');
  }
}
