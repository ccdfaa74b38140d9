import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: the access_token of every mini-program, so that instances share one and the budget of forced renewals.
 * Locks: none that matter, the table is new.
 * Undo: drops the tokens; every instance asks WeChat for one, and may force renewals on its own.
 */
export class CreateAccessTokens1763600500000 implements MigrationInterface {
  readonly name = 'CreateAccessTokens1763600500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table wechat_access_tokens (
        app_id text not null,
        token_sealed bytea,
        fingerprint bytea,
        expires_at timestamptz,
        forced_at timestamptz,
        forced_on date,
        forced_count smallint not null default 0,
        constraint pk_wechat_access_tokens primary key (app_id),
        constraint ck_wechat_access_tokens_whole check (
          (token_sealed is null) = (fingerprint is null) and (token_sealed is null) = (expires_at is null))
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table wechat_access_tokens');
  }
}
