import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: a person (`users`) and the ways in which we recognise that person (`identities`).
 * Locks: none that matter, the tables are new.
 * Undo: drops both tables with everybody in them.
 */
export class CreateUsersAndIdentities1763600000000 implements MigrationInterface {
  readonly name = 'CreateUsersAndIdentities1763600000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table users (
        id uuid not null,
        status text not null default 'active',
        nickname text,
        avatar_url text,
        roles text[] not null default '{}',
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        constraint pk_users primary key (id),
        constraint ck_users_status check (status in ('active', 'disabled', 'erased'))
      )`);
    await runner.query(`
      create table identities (
        id uuid not null,
        user_id uuid not null,
        kind text not null,
        issuer text not null,
        subject text not null,
        created_at timestamptz not null default now(),
        constraint pk_identities primary key (id),
        constraint uq_identities_kind_issuer_subject unique (kind, issuer, subject),
        constraint fk_identities_user_id foreign key (user_id) references users (id),
        constraint ck_identities_kind check (kind in ('wechat_openid', 'wechat_unionid', 'phone', 'username'))
      )`);
    await runner.query(`create index ix_identities_user_id on identities (user_id)`);
    await runner.query(`
      create unique index uq_identities_one_phone_a_user on identities (user_id) where kind = 'phone'`);
    await runner.query(`
      create unique index uq_identities_one_username_a_user on identities (user_id) where kind = 'username'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table identities');
    await runner.query('drop table users');
  }
}
