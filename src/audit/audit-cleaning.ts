import { Injectable } from '@nestjs/common';
import { AuditSettings } from '../config/settings.js';
import { Cleaning, type CleaningJob } from '../database/cleaning.js';
import { AuditEventsRepository, FIRST_ID } from './audit-events.repository.js';

/** Deletes events older than `AUDIT_RETENTION_DAYS`, on one instance at a time. */
@Injectable()
export class AuditCleaning implements CleaningJob {
  readonly name = 'audit events';
  readonly everyMs = 3_600_000;

  constructor(
    cleaning: Cleaning,
    private readonly repository: AuditEventsRepository,
    private readonly settings: AuditSettings,
  ) {
    cleaning.add(this);
  }

  /** The oldest come first: the first chunk in which nothing is old is the end. */
  async *chunks(): AsyncGenerator<number> {
    let after: string | null = FIRST_ID;
    while (after !== null) {
      const chunk = await this.repository.deleteOldAfter(after, this.settings.retentionDays);
      yield chunk?.deleted ?? 0;
      after = chunk && chunk.deleted > 0 ? chunk.lastId : null;
    }
  }
}
