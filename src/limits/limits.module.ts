import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SecretsModule } from '../secrets/secrets.module.js';
import { Counters } from './counters.js';
import { LimitPerUserGuard } from './limit-per-user.guard.js';
import { Limits } from './limits.js';
import { RateLimitCleaning } from './rate-limit-cleaning.js';
import { RateLimit } from './rate-limit.entity.js';

/** How often things may happen. Global, because `@LimitPerUser()` may stand on a route of any module. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([RateLimit]), SecretsModule],
  providers: [Counters, Limits, LimitPerUserGuard, RateLimitCleaning],
  exports: [Limits, LimitPerUserGuard],
})
export class LimitsModule {}
