import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: the keys that sign access tokens, and the symmetric keys behind refresh tokens; both sealed by the master key.
 * Locks: none that matter, the tables are new.
 * Undo: drops the keys; every token issued so far becomes invalid.
 */
export class CreateKeys1763600100000 implements MigrationInterface {
  readonly name = 'CreateKeys1763600100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table signing_keys (
        kid text not null,
        status text not null,
        public_jwk jsonb not null,
        private_key_sealed bytea not null,
        created_at timestamptz not null default now(),
        status_changed_at timestamptz not null default now(),
        constraint pk_signing_keys primary key (kid),
        constraint ck_signing_keys_status check (status in ('next', 'current', 'previous', 'retired', 'revoked'))
      )`);
    await runner.query(`
      create unique index uq_signing_keys_one_current on signing_keys (status) where status = 'current'`);
    await runner.query(`
      create unique index uq_signing_keys_one_next on signing_keys (status) where status = 'next'`);
    await runner.query(`
      create table secret_keys (
        purpose text not null,
        version smallint not null,
        secret_sealed bytea not null,
        created_at timestamptz not null default now(),
        retire_after timestamptz,
        constraint pk_secret_keys primary key (purpose, version),
        constraint ck_secret_keys_purpose check (purpose in ('refresh_token')),
        constraint ck_secret_keys_version check (version between 1 and 255)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table secret_keys');
    await runner.query('drop table signing_keys');
  }
}
