import { DataSource, type DataSourceOptions } from 'typeorm';
import type { EmbeddedDatabase } from './embedded-database.js';

/** A data source that closes the embedded database after its connection. */
export class EmbeddedDataSource extends DataSource {
  constructor(
    options: DataSourceOptions,
    private readonly embedded: EmbeddedDatabase,
  ) {
    super(options);
  }

  override async destroy(): Promise<void> {
    await super.destroy();
    await this.embedded.close();
  }
}
