import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions, type Logger } from 'typeorm';
import { loadDatabaseSettings } from '../../src/config/load-settings.js';
import type { DatabaseSettings } from '../../src/config/settings.js';
import { migrationDataSourceOptions } from '../../src/database/data-source-options.js';
import { runMigrations } from '../../src/database/migrate.js';
import { MIGRATIONS } from '../../src/database/migrations/migrations.js';
import { openForMigrations } from '../../src/database/open-data-source.js';
import { filesUnder, read } from '../support/repository.js';
import { dumpSchema, type RunSql } from '../support/schema-dump.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';

const NAMES = MIGRATIONS.map((migration) => new migration().name ?? migration.name);
const FILES = filesUnder('src/database/migrations').filter((path) => !path.endsWith('/migrations.ts'));

// TypeORM writes a migration that fails to the console whatever its options say.
const nothing = () => undefined;
const SILENT: Logger = {
  logQuery: nothing,
  logQueryError: nothing,
  logQuerySlow: nothing,
  logSchemaBuild: nothing,
  logMigration: nothing,
  log: nothing,
};

describe('the migrations, as files', () => {
  it('are all listed, oldest first, each under the name and time of its file', () => {
    const fromFiles = FILES.map((path) => {
      const [, time, subject] = /(\d{13})-([a-z0-9-]+)\.ts$/.exec(path) ?? [];
      const name = subject?.replace(/(^|-)([a-z0-9])/g, (_all, _dash, letter: string) => letter.toUpperCase());
      return `${name}${time}`;
    });
    expect(NAMES.length).toBeGreaterThan(2);
    expect(NAMES).toEqual(fromFiles);
    expect(MIGRATIONS.map(({ name }) => name)).toEqual(fromFiles);
  });

  it('all say why they are made, what they lock and what undoing them costs', () => {
    const header =
      /\/\*\*\n \* Why: \S.*\n(?: \* .*\n)*? \* Locks: \S.*\n(?: \* .*\n)*? \* Undo: \S.*\n(?: \*.*\n)* \*\/\nexport class/;
    expect(FILES.filter((path) => !header.test(read(path)))).toEqual([]);
  });
});

describe('the migrations on the embedded database', () => {
  // One in memory is migrated before a test gets it.
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wechat-passport-migrations-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  upAndDown(() => openForMigrations(loadDatabaseSettings({}, { dataDirectory: directory })));
});

describeOnPostgres('the migrations on PostgreSQL', () => {
  let database: TestDatabase;
  let settings: DatabaseSettings;
  beforeEach(async () => {
    database = await createTestDatabase({ migrated: false });
    settings = loadDatabaseSettings({ DATABASE_URL: database.url });
  });
  afterEach(() => database.drop());

  upAndDown(() => openForMigrations(settings));

  it('are applied once each when eight instances start at once', async () => {
    const applied = await Promise.all(Array.from({ length: 8 }, () => runMigrations(settings)));
    expect(applied.flat()).toEqual(NAMES);
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    const rows = await database.query<{ name: string }>('select name from migrations order by id');
    expect(rows.map(({ name }) => name)).toEqual(NAMES);
  });

  it('would get into each other’s way without the lock', async () => {
    const options: DataSourceOptions = { ...migrationDataSourceOptions(settings, null), logger: SILENT };
    const instances = await Promise.all(Array.from({ length: 8 }, () => new DataSource(options).initialize()));
    const outcomes = await Promise.allSettled(instances.map((instance) => instance.runMigrations()));
    await Promise.all(instances.map((instance) => instance.destroy()));
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  });

  it('give every constraint a name that says what it is', async () => {
    await runMigrations(settings);
    const constraints = await database.query<{ name: string; kind: string; table: string }>(
      `select conname as name, contype::text as kind, conrelid::regclass::text as table from pg_constraint
       where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f', 'c', 'x')`,
    );
    const prefixes: Record<string, string> = { p: 'pk', u: 'uq', f: 'fk', c: 'ck', x: 'ex' };
    const speaking = ({ name, kind, table }: (typeof constraints)[number]) =>
      kind === 'p' ? name === `pk_${table}` : name.startsWith(`${prefixes[kind]}_${table}_`);
    expect(constraints.length).toBeGreaterThan(10);
    expect(constraints.filter((constraint) => !speaking(constraint))).toEqual([]);
  });

  it('give every index a name that says what it is', async () => {
    await runMigrations(settings);
    const indexes = await database.query<{ name: string; table: string; unique: boolean }>(
      `select c.relname as name, i.indrelid::regclass::text as table, i.indisunique as unique
       from pg_index i join pg_class c on c.oid = i.indexrelid
       where c.relnamespace = 'public'::regnamespace
         and not exists (select from pg_constraint where conindid = i.indexrelid and contype in ('p', 'u', 'x'))`,
    );
    expect(indexes.length).toBeGreaterThan(5);
    expect(indexes.filter(({ name, table, unique }) => !name.startsWith(`${unique ? 'uq' : 'ix'}_${table}_`))).toEqual(
      [],
    );
  });
});

function upAndDown(open: () => Promise<DataSource>): void {
  it('can be undone one by one, each undoing exactly what it did, and be applied again', async () => {
    const dataSource = await open();
    try {
      const run: RunSql = (text) => dataSource.query(text);
      const all = [...dataSource.migrations];
      const onTheWayUp = [await dumpSchema(run)];
      for (let applied = 1; applied <= all.length; applied += 1) {
        dataSource.migrations.splice(0, Infinity, ...all.slice(0, applied));
        await dataSource.runMigrations();
        onTheWayUp.push(await dumpSchema(run));
      }
      expect(onTheWayUp.at(-1)!.length).toBeGreaterThan(50);

      const onTheWayDown = [await dumpSchema(run)];
      for (let applied = all.length; applied > 0; applied -= 1) {
        await dataSource.undoLastMigration();
        onTheWayDown.unshift(await dumpSchema(run));
      }
      expect(onTheWayDown).toEqual(onTheWayUp);
      const tables = await run(`select tablename from pg_tables where schemaname = 'public'`);
      expect(tables).toEqual([{ tablename: 'migrations' }]);

      await dataSource.runMigrations();
      expect(await dumpSchema(run)).toEqual(onTheWayUp.at(-1));
    } finally {
      await dataSource.destroy();
    }
  });
}
