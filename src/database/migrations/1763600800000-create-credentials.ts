import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: passwords, one-time codes by SMS, and the failures that slow down whoever guesses them.
 * Locks: `users` for an instant (columns that are null or have a constant default).
 * Undo: drops passwords and codes; people sign in by WeChat and set a password again.
 */
export class CreateCredentials1763600800000 implements MigrationInterface {
  readonly name = 'CreateCredentials1763600800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table users
        add column password_hash text,
        add column password_version integer not null default 0`);
    await runner.query(`
      create table failed_attempts (
        subject bytea not null,
        failures integer not null,
        failed_at timestamptz not null,
        locked_until timestamptz not null,
        constraint pk_failed_attempts primary key (subject)
      )`);
    await runner.query('create index ix_failed_attempts_failed_at on failed_attempts (failed_at)');
    await runner.query(`
      create table otp_challenges (
        number_index bytea not null,
        code_hash bytea,
        expires_at timestamptz not null,
        tries integer not null default 0,
        sent_at timestamptz,
        day_started_at timestamptz not null default now(),
        sent_that_day integer not null default 0,
        wrong_that_day integer not null default 0,
        locked_until timestamptz,
        constraint pk_otp_challenges primary key (number_index)
      )`);
    await runner.query('create index ix_otp_challenges_expires_at on otp_challenges (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table otp_challenges');
    await runner.query('drop table failed_attempts');
    await runner.query(`delete from identities where kind = 'username'`);
    await runner.query('alter table users drop column password_hash, drop column password_version');
  }
}
