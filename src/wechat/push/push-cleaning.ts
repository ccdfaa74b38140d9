import { Injectable } from '@nestjs/common';
import { Cleaning, DELETION_CHUNK, untilFewer, type CleaningJob } from '../../database/cleaning.js';
import { PushEventsRepository } from './push-events.repository.js';

// WeChat repeats within seconds. What deleted something is kept for ever: replayed, it would delete what the same person
// has entrusted to us since. Such a row is a hundred bytes, once for a person who leaves.
const KEEP_DAYS = 90;

/** Deletes the memory of old pushes that deleted nothing. */
@Injectable()
export class PushCleaning implements CleaningJob {
  readonly name = 'pushes';
  readonly everyMs = 3_600_000;

  constructor(
    cleaning: Cleaning,
    private readonly events: PushEventsRepository,
  ) {
    cleaning.add(this);
  }

  chunks(): AsyncGenerator<number> {
    return untilFewer(DELETION_CHUNK, () => this.events.deleteOld(KEEP_DAYS, DELETION_CHUNK));
  }
}
