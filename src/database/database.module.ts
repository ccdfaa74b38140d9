import { Global, Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DatabaseSettings } from '../config/settings.js';
import { BatchConnections } from './batch-connections.js';
import { Cleaning } from './cleaning.js';
import { Database } from './database.js';
import { NotificationListener } from './listener.js';
import { openDataSource } from './open-data-source.js';
import { RedisConnection } from './redis-connection.js';
import { SchemaVersion } from './schema-version.js';

/** The connection to PostgreSQL or to the embedded database, the statements that run on it, and Redis if there is one. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(settings: DatabaseSettings): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ type: 'postgres', autoLoadEntities: true, retryAttempts: 1 }),
          dataSourceFactory: (options) => openDataSource(settings, options?.entities ?? []),
        }),
      ],
      providers: [Database, BatchConnections, SchemaVersion, NotificationListener, RedisConnection, Cleaning],
      exports: [Database, BatchConnections, SchemaVersion, NotificationListener, RedisConnection, Cleaning],
    };
  }
}
