import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { AuditSettings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';
import { AuditEventsRepository, FIRST_ID } from './audit-events.repository.js';

const EVERY_MS = 3_600_000;

/** Deletes events older than `AUDIT_RETENTION_DAYS`, a chunk at a time, on one instance at a time. */
@Injectable()
export class AuditCleaning implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly repository: AuditEventsRepository,
    private readonly settings: AuditSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  /** One round. Answers how many events were deleted; 0 also when another instance is at it. */
  async run(): Promise<number> {
    try {
      return await this.deleteOld();
    } catch (error) {
      // The next round comes anyway.
      const level = error instanceof AppError ? 'warn' : 'error';
      this.logger[level]({ err: error }, 'old audit events cannot be deleted now');
      return 0;
    }
  }

  /** The oldest come first: the first chunk in which nothing is old is the end. */
  private async deleteOld(): Promise<number> {
    let total = 0;
    let after: string | null = FIRST_ID;
    while (after !== null && !this.stopped) {
      const chunk = await this.repository.deleteOldAfter(after, this.settings.retentionDays);
      total += chunk?.deleted ?? 0;
      after = chunk && chunk.deleted > 0 ? chunk.lastId : null;
    }
    return total;
  }
}
