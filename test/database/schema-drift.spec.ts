import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { read } from '../support/repository.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { describeOnPostgres } from '../support/test-database.js';

@Entity('forgotten')
class Forgotten {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;
}

describe('on the embedded database', () => void driftTests({ postgres: false }));

describeOnPostgres('on PostgreSQL', () => {
  const served = driftTests({ postgres: true });

  it('an entity that no migration knows is noticed', async () => {
    const { options } = served();
    const entities = [...(options.entities as (new () => object)[]), Forgotten];
    const extended = await new DataSource({ ...options, entities }).initialize();
    const missing = await missingSql(extended, await missingSql(served()));
    await extended.destroy();
    expect(missing).toEqual([expect.stringContaining('CREATE TABLE "forgotten"')]);
  });
});

function driftTests(options: { postgres: boolean }): () => DataSource {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp({}, options);
  });
  afterAll(() => server.close());

  it('the migrations make exactly what the entities say', async () => {
    expect(server.dataSource.entityMetadatas.length).toBeGreaterThan(4);
    expect(await missingSql(server.dataSource)).toEqual([]);
  });

  it('a column that only the entity or only the database knows is noticed', async () => {
    const before = await missingSql(server.dataSource);
    await server.dataSource.query('alter table users drop column nickname, add column shoe_size integer');
    const missing = await missingSql(server.dataSource, before);
    await runAll(server.dataSource, missing);
    expect(missing).toContainEqual(expect.stringMatching(/"users" .*"nickname"/));
    expect(missing).toContainEqual(expect.stringMatching(/"users" .*"shoe_size"/));
  });

  it('a missing constraint and a missing index are noticed', async () => {
    const before = await missingSql(server.dataSource);
    await server.dataSource.query('alter table users drop constraint ck_users_status');
    await server.dataSource.query('drop index ix_sessions_user_id');
    const missing = await missingSql(server.dataSource, before);
    await runAll(server.dataSource, missing);
    expect(await missingSql(server.dataSource, before)).toEqual([]);
    expect(missing).toHaveLength(2);
    expect(missing).toContainEqual(expect.stringContaining('ADD CONSTRAINT "ck_users_status"'));
    expect(missing).toContainEqual(expect.stringContaining('CREATE INDEX "ix_sessions_user_id"'));
  });

  it('the command line of TypeORM works with the same entities', () => {
    const [, listed = ''] = /entities = \[([^\]]*)\]/.exec(read('ormconfig.ts')) ?? [];
    const names = listed.split(',').map((name) => name.trim());
    const served = server.dataSource.entityMetadatas.map(({ name }) => name);
    expect(names.filter(Boolean).toSorted()).toEqual(served.toSorted());
  });

  return () => server.dataSource;
}

/** What TypeORM would run to bring the database in line with the entities, beyond what it would have run before. */
async function missingSql(dataSource: DataSource, before: readonly string[] = []): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query).filter((query) => !before.includes(query));
}

async function runAll(dataSource: DataSource, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await dataSource.query(statement);
}
