import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Queries } from '../database/statement.js';
import type { NewAuditEvent } from './audit-event.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { AuditQueue } from './audit-queue.js';

/**
 * Records what happens, for whoever has to explain it later.
 *
 * What changes something is recorded in the transaction that changes it; what changes nothing, a refusal, is noted.
 */
@Injectable()
export class Audit {
  constructor(
    private readonly repository: AuditEventsRepository,
    private readonly queue: AuditQueue,
  ) {}

  /**
   * Records an event, as part of the caller's transaction if one is given: both happen or neither does.
   *
   * @throws AppError SERVICE_UNAVAILABLE
   */
  async record(event: NewAuditEvent, queries?: Queries): Promise<void> {
    await this.repository.insert([{ id: uuidv7(), event, agoMs: 0 }], queries);
  }

  /** Notes an event that changed nothing. Costs the caller no query and is written within 200 ms; a crash may lose it. */
  note(event: NewAuditEvent): void {
    this.queue.add(event);
  }
}
