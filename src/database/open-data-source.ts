import { DataSource, type DataSourceOptions } from 'typeorm';
import type { DatabaseSettings } from '../config/settings.js';
import { dataSourceOptions, migrationDataSourceOptions } from './data-source-options.js';
import { EmbeddedDataSource } from './embedded-data-source.js';
import { openEmbeddedDatabase } from './embedded-database.js';

/** Opens the database that serves requests. The embedded one brings itself up to date. */
export async function openDataSource(
  settings: DatabaseSettings,
  entities: NonNullable<DataSourceOptions['entities']>,
): Promise<DataSource> {
  if (settings.url) return new DataSource({ ...dataSourceOptions(settings, null), entities }).initialize();
  const embedded = await openEmbeddedDatabase(settings.directory);
  const dataSource = new EmbeddedDataSource({ ...dataSourceOptions(settings, embedded), entities }, embedded);
  await dataSource.initialize();
  await dataSource.runMigrations();
  return dataSource;
}

/** Opens the database for migrations, without applying any. */
export async function openForMigrations(settings: DatabaseSettings): Promise<DataSource> {
  if (settings.url) return new DataSource(migrationDataSourceOptions(settings, null)).initialize();
  const embedded = await openEmbeddedDatabase(settings.directory);
  return new EmbeddedDataSource(migrationDataSourceOptions(settings, embedded), embedded).initialize();
}
