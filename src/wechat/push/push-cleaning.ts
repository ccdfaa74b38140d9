import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppError } from '../../errors/app-error.js';
import { LOGGER } from '../../logging/logging.module.js';
import { PushEventsRepository } from './push-events.repository.js';

const EVERY_MS = 3_600_000;
const CHUNK = 1000;
// WeChat repeats within seconds. What deleted something is kept for ever: replayed, it would delete what the same person
// has entrusted to us since. Such a row is a hundred bytes, once for a person who leaves.
const KEEP_DAYS = 90;

/** Deletes the memory of old pushes that deleted nothing, a chunk at a time; instances skip what another is at. */
@Injectable()
export class PushCleaning implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly events: PushEventsRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  /** One round. Answers how many were deleted. */
  async run(): Promise<number> {
    let total = 0;
    try {
      let deleted: number;
      do {
        deleted = await this.events.deleteOld(KEEP_DAYS, CHUNK);
        total += deleted;
      } while (deleted === CHUNK && !this.stopped);
    } catch (error) {
      // The next round comes anyway.
      const level = error instanceof AppError ? 'warn' : 'error';
      this.logger[level]({ err: error }, 'old pushes cannot be cleaned now');
    }
    return total;
  }
}
