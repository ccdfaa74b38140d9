import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: two accounts of one person become one by an explicit second call; until it comes there is a ticket, and for 30 days
 *   after it a way back.
 * Locks: `users` for as long as it takes to check that the new column is empty and to build an index over nothing.
 * Undo: drops open tickets and the way back; absorbed accounts stay absorbed, and their ids resolve to nobody.
 */
export class CreateMerges1763601000000 implements MigrationInterface {
  readonly name = 'CreateMerges1763601000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table users
        add column merged_into uuid,
        add constraint fk_users_merged_into foreign key (merged_into) references users (id),
        add constraint ck_users_merged_is_erased check (merged_into is null or status = 'erased')`);
    await runner.query('create index ix_users_merged_into on users (merged_into) where merged_into is not null');
    await runner.query(`
      create table merge_tickets (
        id uuid not null,
        ticket_hash bytea not null,
        user_id uuid not null,
        other_user_id uuid not null,
        proved_by text not null,
        proved_identity_id uuid,
        full_proof boolean not null,
        phone_sealed bytea,
        failures smallint not null default 0,
        expires_at timestamptz not null,
        constraint pk_merge_tickets primary key (id),
        constraint uq_merge_tickets_ticket_hash unique (ticket_hash),
        constraint ck_merge_tickets_proved_by check (proved_by in ('phone', 'unionid', 'openid'))
      )`);
    await runner.query('create index ix_merge_tickets_expires_at on merge_tickets (expires_at)');
    await runner.query(`
      create table merges (
        absorbed_id uuid not null,
        survivor_id uuid not null,
        proved_by text not null,
        undo_sealed bytea not null,
        merged_at timestamptz not null default now(),
        constraint pk_merges primary key (absorbed_id),
        constraint ck_merges_proved_by check (proved_by in ('phone', 'unionid', 'openid'))
      )`);
    await runner.query('create index ix_merges_merged_at on merges (merged_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table merges');
    await runner.query('drop table merge_tickets');
    await runner.query('alter table users drop column merged_into');
  }
}
