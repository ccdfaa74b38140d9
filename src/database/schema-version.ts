import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { statement } from './statement.js';
import { Database } from './database.js';
import { MIGRATIONS } from './migrations/migrations.js';

const appliedMigrations = statement<{ name: string }>('applied_migrations', 'select name from migrations');

const UNDEFINED_TABLE = '42P01';

/** Knows whether the database has every migration that this program needs. */
@Injectable()
export class SchemaVersion {
  private current = false;

  constructor(
    private readonly database: Database,
    private readonly dataSource: DataSource,
  ) {}

  /** False until `npm run migration:run` has been run. Asks the database until the answer is yes, then no more. */
  async isCurrent(): Promise<boolean> {
    if (this.current) return true;
    const applied = new Set((await this.applied()).map((row) => row.name));
    this.current = MIGRATIONS.every((migration) => applied.has(new migration().name ?? migration.name));
    return this.current;
  }

  private async applied(): Promise<{ name: string }[]> {
    if (!this.dataSource.isInitialized) return [];
    try {
      return await this.database.query(appliedMigrations, []);
    } catch (error) {
      if ((error as { cause?: { code?: unknown } }).cause?.code === UNDEFINED_TABLE) return [];
      throw error;
    }
  }
}
