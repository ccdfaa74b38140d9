import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { LOGGER } from '../logging/logging.module.js';

const EVERY_MS = 300_000;
const CHUNK = 1000;

const deleteExpired = statement<{ key: string }>(
  'delete_expired_rate_limits',
  `delete from rate_limits where key in (
     select key from rate_limits where expire < $1 order by expire limit ${CHUNK} for update skip locked)
   returning key`,
);

/** Deletes counters whose window has passed, a chunk at a time. Instances that do it at once skip each other's rows. */
@Injectable()
export class RateLimitCleaning implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  /** One round. Answers how many counters were deleted. */
  async run(): Promise<number> {
    let total = 0;
    try {
      for (let deleted = CHUNK; deleted === CHUNK && !this.stopped; total += deleted) {
        deleted = (await this.database.query(deleteExpired, [Date.now()])).length;
      }
    } catch (error) {
      // The next round comes anyway.
      this.logger.warn({ err: error }, 'old rate limits cannot be deleted now');
    }
    return total;
  }
}
