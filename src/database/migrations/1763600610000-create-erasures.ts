import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: that a person was erased can be shown to that person, without keeping anything that names them.
 * Locks: none that matter, the table is new.
 * Undo: drops the table; that somebody was erased can no longer be shown.
 */
export class CreateErasures1763600610000 implements MigrationInterface {
  readonly name = 'CreateErasures1763600610000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table erasures (
        id uuid not null,
        subject_hash bytea not null,
        erased_at timestamptz not null default now(),
        constraint pk_erasures primary key (id)
      )`);
    await runner.query(`create index ix_erasures_subject_hash on erasures (subject_hash)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table erasures');
  }
}
