import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';
import { MergeTicketsRepository } from './merge-tickets.repository.js';
import { MergesRepository } from './merges.repository.js';

const EVERY_MS = 600_000;
const CHUNK = 1000;

/** Deletes dead tickets, and the way back from merges after 30 days; a chunk at a time, instances skip what another is at. */
@Injectable()
export class MergeCleaning implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly tickets: MergeTicketsRepository,
    private readonly merges: MergesRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  /** One round. Answers how much was deleted. */
  async run(): Promise<number> {
    try {
      const tickets = await this.deleteAll(() => this.tickets.deleteDead(CHUNK));
      return tickets + (await this.deleteAll(() => this.merges.deleteOld(CHUNK)));
    } catch (error) {
      // The next round comes anyway.
      const level = error instanceof AppError ? 'warn' : 'error';
      this.logger[level]({ err: error }, 'dead merge tickets and old merges cannot be deleted now');
      return 0;
    }
  }

  private async deleteAll(deleteChunk: () => Promise<number>): Promise<number> {
    let total = 0;
    let deleted: number;
    do {
      deleted = await deleteChunk();
      total += deleted;
    } while (deleted === CHUNK && !this.stopped);
    return total;
  }
}
