import { Injectable } from '@nestjs/common';
import { Cleaning, DELETION_CHUNK, untilFewer, type CleaningJob } from '../database/cleaning.js';
import { MergeTicketsRepository } from './merge-tickets.repository.js';
import { MergesRepository } from './merges.repository.js';

/** Deletes dead tickets, and the way back from merges after 30 days. */
@Injectable()
export class MergeCleaning implements CleaningJob {
  readonly name = 'merge tickets and old merges';
  readonly everyMs = 600_000;

  constructor(
    cleaning: Cleaning,
    private readonly tickets: MergeTicketsRepository,
    private readonly merges: MergesRepository,
  ) {
    cleaning.add(this);
  }

  async *chunks(): AsyncGenerator<number> {
    yield* untilFewer(DELETION_CHUNK, () => this.tickets.deleteDead(DELETION_CHUNK));
    yield* untilFewer(DELETION_CHUNK, () => this.merges.deleteOld(DELETION_CHUNK));
  }
}
