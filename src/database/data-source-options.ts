import type { DataSourceOptions } from 'typeorm';
import type { DatabaseSettings } from '../config/settings.js';
import type { EmbeddedDatabase } from './embedded-database.js';
import { MIGRATIONS } from './migrations/migrations.js';
import { SnakeCaseNaming } from './naming-strategy.js';

const SHARED = {
  type: 'postgres',
  migrations: MIGRATIONS,
  migrationsTableName: 'migrations',
  migrationsTransactionMode: 'each',
  namingStrategy: new SnakeCaseNaming(),
  // A forgotten value must never turn "this user" into "the first user".
  invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
  synchronize: false,
  logging: false,
  installExtensions: false,
  // PostgreSQL has had gen_random_uuid() built in since 13; TypeORM knows it by the extension it came from.
  uuidExtension: 'pgcrypto',
} as const;

// The limits that keep one slow statement from taking the whole server with it.
const CONNECT_MS = 2000;
const STATEMENT_MS = 3000;
const LOCK_MS = 1000;
// The client gives up a little later than the server would, for the case that the server can no longer say so.
const QUERY_MS = STATEMENT_MS + 500;

/** The same for every connection that serves requests, as node-postgres names them. */
export const CONNECTION_LIMITS = {
  keepAlive: true,
  connectionTimeoutMillis: CONNECT_MS,
  statement_timeout: STATEMENT_MS,
  lock_timeout: LOCK_MS,
  query_timeout: QUERY_MS,
} as const;

/** What TypeORM needs to know to serve requests; entities are added by the modules that own them. */
export function dataSourceOptions(settings: DatabaseSettings, embedded: EmbeddedDatabase | null): DataSourceOptions {
  if (embedded) return embeddedOptions(embedded);
  return {
    ...SHARED,
    url: settings.url!,
    applicationName: 'wechat-passport',
    extra: { max: settings.poolSize, ...CONNECTION_LIMITS },
  };
}

/** The same for migrations: a direct connection, and no limit on the time that building an index may take. */
export function migrationDataSourceOptions(
  settings: DatabaseSettings,
  embedded: EmbeddedDatabase | null,
): DataSourceOptions {
  if (embedded) return embeddedOptions(embedded);
  return {
    ...SHARED,
    url: settings.directUrl!,
    applicationName: 'wechat-passport-migrations',
    connectTimeoutMS: CONNECT_MS,
    extra: { max: 2 },
  };
}

function embeddedOptions(embedded: EmbeddedDatabase): DataSourceOptions {
  // One engine, one connection: a second would wait for ever.
  const extra = { max: 1, connection: embedded.connection, connectionTimeoutMillis: 10_000 };
  return { ...SHARED, database: 'postgres', extra };
}
