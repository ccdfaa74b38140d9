import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: counters of rate limits that instances share where there is no Redis.
 * Locks: none that matter, the table is new.
 * Undo: drops the counters; every limit begins anew.
 *
 * Unlogged: a counter is worth no write to the disk, and a crash or a failover may forget it.
 */
export class CreateRateLimits1763600710000 implements MigrationInterface {
  readonly name = 'CreateRateLimits1763600710000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create unlogged table rate_limits (
        key varchar(255) not null,
        points integer not null default 0,
        expire bigint,
        constraint pk_rate_limits primary key (key)
      )`);
    await runner.query(`create index ix_rate_limits_expire on rate_limits (expire)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table rate_limits');
  }
}
