import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { loadDatabaseSettings } from '../config/load-settings.js';
import type { DatabaseSettings } from '../config/settings.js';
import { openForMigrations } from './open-data-source.js';

// Any constant will do, as long as every version of this program uses the same.
const MIGRATION_LOCK = 7_283_646_101;

/** Applies every pending migration. Of several processes at once, one works and the others wait and find nothing to do. */
export async function runMigrations(settings: DatabaseSettings): Promise<string[]> {
  return exclusively(settings, async (dataSource) => {
    const applied = await dataSource.runMigrations();
    return applied.map((migration) => migration.name);
  });
}

/** Undoes the latest migration. */
export async function revertMigration(settings: DatabaseSettings): Promise<void> {
  await exclusively(settings, (dataSource) => dataSource.undoLastMigration());
}

async function exclusively<Result>(
  settings: DatabaseSettings,
  work: (dataSource: DataSource) => Promise<Result>,
): Promise<Result> {
  // The embedded database is held by one process as a whole.
  const lock = settings.directUrl ? new Client({ connectionString: settings.directUrl }) : null;
  await lock?.connect();
  try {
    await lock?.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const dataSource = await openForMigrations(settings);
    try {
      return await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await lock?.end();
  }
}

async function showMigrations(settings: DatabaseSettings): Promise<void> {
  const dataSource = await openForMigrations(settings);
  try {
    const applied = new Set(await appliedNames(dataSource));
    for (const { name } of dataSource.migrations) console.log(`[${applied.has(name ?? '') ? 'X' : ' '}] ${name}`);
  } finally {
    await dataSource.destroy();
  }
}

async function appliedNames(dataSource: DataSource): Promise<string[]> {
  const [table] = await dataSource.query<{ present: boolean }[]>(
    `select to_regclass('migrations') is not null as present`,
  );
  if (!table?.present) return [];
  const rows = await dataSource.query<{ name: string }[]>('select name from migrations');
  return rows.map((row) => row.name);
}

async function main(command: string | undefined): Promise<void> {
  const settings = loadDatabaseSettings(process.env);
  switch (command) {
    case 'run': {
      const names = await runMigrations(settings);
      console.log(names.length > 0 ? `Applied: ${names.join(', ')}` : 'Nothing to apply: the database is up to date.');
      return;
    }
    case 'revert':
      return revertMigration(settings);
    case 'show':
      return showMigrations(settings);
    default:
      throw new Error('usage: migrate run|revert|show');
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv[2]).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
