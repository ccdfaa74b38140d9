import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: the session_keys of WeChat, the phone numbers of people, which encrypted data was shown to whom, and a key for
 *   hashes of personal values.
 * Locks: `users` and `secret_keys` for an instant (nullable columns, a check over a handful of rows).
 * Undo: drops session_keys and phone numbers; people sign in and press the phone button again.
 */
export class CreateWechatSessions1763600400000 implements MigrationInterface {
  readonly name = 'CreateWechatSessions1763600400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table wechat_sessions (
        app_id text not null,
        openid text not null,
        session_key_sealed bytea not null,
        previous_session_key_sealed bytea,
        fingerprint bytea not null,
        called_at timestamptz not null,
        constraint pk_wechat_sessions primary key (app_id, openid)
      )`);
    await runner.query(`
      create table user_data_readings (
        data_hash bytea not null,
        session_id uuid not null,
        read_at timestamptz not null default now(),
        constraint pk_user_data_readings primary key (data_hash)
      )`);
    await runner.query('create index ix_user_data_readings_read_at on user_data_readings (read_at)');
    await runner.query('alter table users add column phone_sealed bytea, add column phone_proved_at timestamptz');
    await runner.query(`
      alter table secret_keys
        drop constraint ck_secret_keys_purpose,
        add constraint ck_secret_keys_purpose check (purpose in ('refresh_token', 'blind_index'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`delete from secret_keys where purpose = 'blind_index'`);
    await runner.query(`
      alter table secret_keys
        drop constraint ck_secret_keys_purpose,
        add constraint ck_secret_keys_purpose check (purpose in ('refresh_token'))`);
    await runner.query(`delete from identities where kind = 'phone'`);
    await runner.query('alter table users drop column phone_sealed, drop column phone_proved_at');
    await runner.query('drop table user_data_readings');
    await runner.query('drop table wechat_sessions');
  }
}
