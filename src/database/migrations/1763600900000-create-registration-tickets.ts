import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: people whom WeChat vouches for but who have no account yet hold a ticket until they register or sign in otherwise;
 *   and what a person agreed to when they registered.
 * Locks: none that matter, the tables are new.
 * Undo: drops open tickets, whose holders call wx.login again, and the record of consents.
 */
export class CreateRegistrationTickets1763600900000 implements MigrationInterface {
  readonly name = 'CreateRegistrationTickets1763600900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table registration_tickets (
        id uuid not null,
        ticket_hash bytea not null,
        app_id text not null,
        openid text not null,
        open_platform text,
        unionid text,
        failures smallint not null default 0,
        expires_at timestamptz not null,
        constraint pk_registration_tickets primary key (id),
        constraint uq_registration_tickets_ticket_hash unique (ticket_hash)
      )`);
    await runner.query('create index ix_registration_tickets_expires_at on registration_tickets (expires_at)');
    await runner.query(`
      create table consents (
        user_id uuid not null,
        policy_version text not null,
        app_id text,
        given_at timestamptz not null default now(),
        constraint pk_consents primary key (user_id, policy_version),
        constraint fk_consents_user_id foreign key (user_id) references users (id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table consents');
    await runner.query('drop table registration_tickets');
  }
}
