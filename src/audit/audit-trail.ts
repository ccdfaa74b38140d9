import { Injectable } from '@nestjs/common';
import type { Actor } from './audit-event.js';
import { AUDIT_CHUNK, AuditEventsRepository, FIRST_ID } from './audit-events.repository.js';
import type { AuditFilter, RecordedEvent } from './audit-events.repository.js';

// The clocks of the servers that drew the ids differ by less than this.
const CLOCK_MARGIN_MS = 3_600_000;

/** An event as it leaves the server. */
export interface ExportedEvent extends Omit<RecordedEvent, 'at' | 'actorKind' | 'actorId'> {
  /** ISO 8601. */
  readonly at: string;
  readonly actor: Actor;
}

/** Reads the log back. */
@Injectable()
export class AuditTrail {
  constructor(private readonly repository: AuditEventsRepository) {}

  /** Every event that fits, oldest first. Reads as far as the consumer asks and holds one chunk at a time. */
  async *read(filter: AuditFilter): AsyncGenerator<ExportedEvent> {
    let after = filter.since ? idBefore(filter.since) : FIRST_ID;
    for (;;) {
      const chunk = await this.repository.readAfter(after, filter);
      for (const event of chunk) yield toExported(event);
      if (chunk.length < AUDIT_CHUNK) return;
      after = chunk.at(-1)!.id;
    }
  }
}

function toExported({ actorKind, actorId, at, ...event }: RecordedEvent): ExportedEvent {
  return { ...event, at: at.toISOString(), actor: { kind: actorKind, id: actorId } };
}

/** An id that sorts before all of this moment, whichever server drew them. */
function idBefore(moment: Date): string {
  const milliseconds = Math.max(0, moment.getTime() - CLOCK_MARGIN_MS);
  const hex = milliseconds.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
