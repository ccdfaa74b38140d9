import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';

/** How many rows a chunk is: few enough to hold nobody up. */
export const DELETION_CHUNK = 1000;

/** Deletes what no longer matters, a chunk at a time. Instances at it at once must not get into each other's way. */
export interface CleaningJob {
  /** What is deleted, for the log. */
  readonly name: string;
  readonly everyMs: number;
  /** Deletes chunk by chunk, and yields how many rows each was. Left off between two chunks when the server stops. */
  chunks(): AsyncIterable<number>;
}

/** Runs the jobs that delete dead rows. */
@Injectable()
export class Cleaning implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly jobs: CleaningJob[] = [];
  private readonly timers: NodeJS.Timeout[] = [];
  private stopped = false;

  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  /** Adds a job. To be called while the application is being put together. */
  add(job: CleaningJob): void {
    this.jobs.push(job);
  }

  onApplicationBootstrap(): void {
    for (const job of this.jobs) this.timers.push(setInterval(() => void this.run(job), job.everyMs).unref());
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    this.timers.forEach(clearInterval);
  }

  /** One round of a job. Answers how many rows were deleted. */
  async run(job: CleaningJob): Promise<number> {
    let deleted = 0;
    try {
      for await (const rows of job.chunks()) {
        deleted += rows;
        if (this.stopped) break;
      }
    } catch (error) {
      // The next round comes anyway.
      const level = error instanceof AppError ? 'warn' : 'error';
      this.logger[level]({ err: error, job: job.name }, 'dead rows cannot be deleted now');
    }
    return deleted;
  }

  /** One round of every job. Answers how many rows were deleted. */
  async runAll(): Promise<number> {
    let deleted = 0;
    for (const job of this.jobs) deleted += await this.run(job);
    return deleted;
  }
}

/** Repeats a deletion of at most `chunk` rows until it finds fewer. */
export async function* untilFewer(chunk: number, remove: () => Promise<number>): AsyncGenerator<number> {
  let deleted: number;
  do {
    deleted = await remove();
    yield deleted;
  } while (deleted === chunk);
}
