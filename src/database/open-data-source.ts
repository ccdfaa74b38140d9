import { setTimeout } from 'node:timers/promises';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { DatabaseSettings } from '../config/settings.js';
import { dataSourceOptions, migrationDataSourceOptions } from './data-source-options.js';
import { EmbeddedDataSource } from './embedded-data-source.js';
import { openEmbeddedDatabase } from './embedded-database.js';
import { asUnavailable } from './unavailable.js';

const CONNECT_ATTEMPTS = 10;
const CONNECT_GAP_MS = 1000;

/** Opens the database that serves requests. The embedded one brings itself up to date. */
export async function openDataSource(
  settings: DatabaseSettings,
  entities: NonNullable<DataSourceOptions['entities']>,
): Promise<DataSource> {
  if (settings.url) return connect(new DataSource({ ...dataSourceOptions(settings, null), entities }));
  const embedded = await openEmbeddedDatabase(settings.directory);
  const dataSource = new EmbeddedDataSource({ ...dataSourceOptions(settings, embedded), entities }, embedded);
  await dataSource.initialize();
  await dataSource.runMigrations();
  return dataSource;
}

/** A database that is just starting gets some time; one that cannot be reached at all stops the start. */
async function connect(dataSource: DataSource): Promise<DataSource> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await dataSource.initialize();
    } catch (error) {
      if (attempt === CONNECT_ATTEMPTS || asUnavailable(error) === error) throw error;
      await setTimeout(CONNECT_GAP_MS);
    }
  }
}

/** Opens the database for migrations, without applying any. */
export async function openForMigrations(settings: DatabaseSettings): Promise<DataSource> {
  if (settings.url) return new DataSource(migrationDataSourceOptions(settings, null)).initialize();
  const embedded = await openEmbeddedDatabase(settings.directory);
  return new EmbeddedDataSource(migrationDataSourceOptions(settings, embedded), embedded).initialize();
}
