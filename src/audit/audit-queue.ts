import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';
import type { NewAuditEvent } from './audit-event.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { droppedEvents } from './audit-metrics.js';

const FLUSH_MS = 200;
const RETRY_MS = 1000;
const BATCH = 100;
// Some megabytes. More failures than that, while the database is away, are an attack and not worth more memory.
const CAPACITY = 10_000;

interface Waiting {
  readonly id: string;
  readonly event: NewAuditEvent;
  readonly at: number;
}

/**
 * Writes events soon and many at a time: within 200 ms, up to 100 in one statement.
 *
 * Keeps up to 10,000 while the database is away, and drops what comes on top. What waits is written at shutdown.
 */
@Injectable()
export class AuditQueue implements OnApplicationShutdown {
  private waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<boolean> | null = null;

  constructor(
    private readonly repository: AuditEventsRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Takes an event, and never waits, fails or throws. */
  add(event: NewAuditEvent): void {
    if (this.waiting.length >= CAPACITY) {
      droppedEvents.inc();
      return;
    }
    this.waiting.push({ id: uuidv7(), event, at: performance.now() });
    this.flushIn(FLUSH_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    let wrote = true;
    while (this.waiting.length > 0 && wrote) wrote = await this.flush();
    clearTimeout(this.timer);
    if (this.waiting.length === 0) return;
    droppedEvents.inc(this.waiting.length);
    this.logger.error({ events: this.waiting.length }, 'audit events are lost: the database is away at shutdown');
  }

  /** Writes what waits now, one batch. False when it has to wait longer. Calls that overlap share one write. */
  private flush(): Promise<boolean> {
    this.writing ??= this.writeBatch().finally(() => {
      this.writing = null;
    });
    return this.writing;
  }

  private async writeBatch(): Promise<boolean> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = this.waiting.splice(0, BATCH);
    const now = performance.now();
    try {
      await this.repository.insert(batch.map(({ id, event, at }) => ({ id, event, agoMs: now - at })));
    } catch (error) {
      return this.failed(batch, error);
    }
    if (this.waiting.length > 0) this.flushIn(this.waiting.length >= BATCH ? 0 : FLUSH_MS);
    return true;
  }

  private failed(batch: readonly Waiting[], error: unknown): boolean {
    if (error instanceof AppError) {
      this.logger.warn({ err: error, events: batch.length }, 'audit events cannot be written yet');
      this.waiting = [...batch, ...this.waiting];
      this.flushIn(RETRY_MS);
      return false;
    }
    // It would fail for ever, and hold up what comes behind it.
    droppedEvents.inc(batch.length);
    this.logger.error({ err: error, events: batch.length }, 'audit events are lost: the database refuses them');
    return true;
  }

  private flushIn(ms: number): void {
    this.timer ??= setTimeout(() => void this.flush(), ms).unref();
  }
}
