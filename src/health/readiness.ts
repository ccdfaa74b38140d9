import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, TypeOrmHealthIndicator, type HealthIndicatorFunction } from '@nestjs/terminus';
import { KeyRing } from '../auth/tokens/key-ring.js';
import { SchemaVersion } from '../database/schema-version.js';

const PING_MS = 1500;

/** What must be true before this instance can serve: a database that answers, all migrations, keys in memory. */
@Injectable()
export class Readiness {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly typeOrm: TypeOrmHealthIndicator,
    private readonly schema: SchemaVersion,
    private readonly keys: KeyRing,
  ) {}

  checks(): HealthIndicatorFunction[] {
    return [
      () => this.typeOrm.pingCheck('database', { timeout: PING_MS }),
      async () => {
        const migrations = this.indicators.check('migrations');
        const current = await this.schema.isCurrent().catch(() => false);
        return current ? migrations.up() : migrations.down('run: npm run migration:run');
      },
      () => {
        const keys = this.indicators.check('keys');
        return this.keys.isLoaded ? keys.up() : keys.down('not loaded yet');
      },
    ];
  }
}
