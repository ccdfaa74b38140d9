import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, TypeOrmHealthIndicator, type HealthIndicatorFunction } from '@nestjs/terminus';
import { RevocationFeed } from '../auth/revocation/revocation-feed.js';
import { KeyRing } from '../auth/tokens/key-ring.js';
import { SchemaVersion } from '../database/schema-version.js';

const PING_MS = 1500;

/** What must be true before this instance can serve: a database that answers, all migrations, keys and revocations in memory. */
@Injectable()
export class Readiness {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly typeOrm: TypeOrmHealthIndicator,
    private readonly schema: SchemaVersion,
    private readonly keys: KeyRing,
    private readonly feed: RevocationFeed,
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
      () => {
        const revocations = this.indicators.check('revocations');
        return this.feed.isLoaded ? revocations.up() : revocations.down('not loaded yet');
      },
    ];
  }
}
