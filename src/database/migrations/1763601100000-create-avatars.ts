import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: the pictures that people upload; WeChat gives a mini-program a temporary file and no URL.
 * Locks: `users` for as long as it takes to note that the new table refers to it.
 * Undo: drops the pictures; the URLs of profiles that point to them answer 404.
 */
export class CreateAvatars1763601100000 implements MigrationInterface {
  readonly name = 'CreateAvatars1763601100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table avatars (
        id uuid not null,
        user_id uuid not null,
        media_type text not null,
        bytes bytea not null,
        created_at timestamptz not null default now(),
        constraint pk_avatars primary key (id),
        constraint fk_avatars_user_id foreign key (user_id) references users (id),
        constraint ck_avatars_media_type check (media_type in ('image/jpeg', 'image/png', 'image/webp', 'image/gif'))
      )`);
    await runner.query('create index ix_avatars_user_id on avatars (user_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table avatars');
  }
}
