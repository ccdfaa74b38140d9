import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: one row for a sign-in's whole life. A refresh changes the row in place and adds none.
 * Locks: none that matter, the table is new.
 * Undo: drops the table; everybody has to sign in again.
 *
 * No column that a refresh changes is indexed and pages keep free space, so that PostgreSQL can update in place (HOT).
 * There is no foreign key to the user: the statement that opens a session locks the user row itself.
 */
export class CreateSessions1763600200000 implements MigrationInterface {
  readonly name = 'CreateSessions1763600200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table sessions (
        id uuid not null,
        user_id uuid not null,
        identity_id uuid,
        app_id text not null,
        amr text[] not null,
        roles text[] not null,
        generation integer not null default 0,
        fork integer not null default 0,
        parent_fork integer,
        parent_nonce_hash bytea,
        rotated_at timestamptz not null default now(),
        retired_generations integer[] not null default '{}',
        retired_forks integer[] not null default '{}',
        retired_at timestamptz[] not null default '{}',
        idle_expires_at timestamptz not null,
        absolute_expires_at timestamptz not null,
        revoked_at timestamptz,
        revoke_reason text,
        device_id text,
        device_name text,
        device_platform text,
        created_at timestamptz not null default now(),
        constraint pk_sessions primary key (id),
        constraint ck_sessions_revoked_for_a_reason check ((revoked_at is null) = (revoke_reason is null))
      ) with (fillfactor = 80)`);
    await runner.query(`create index ix_sessions_user_id on sessions (user_id)`);
    await runner.query(`create index ix_sessions_absolute_expires_at on sessions (absolute_expires_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sessions');
  }
}
