import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { isISO8601, isUUID } from 'class-validator';
import { AuditTrail, type ExportedEvent } from '../audit/audit-trail.js';
import type { AuditFilter } from '../audit/audit-events.repository.js';

/** Prints the audit log, oldest first, one JSON object a line; as fast as it is read, and never all of it in memory. */
export async function exportAudit(app: INestApplicationContext, ...given: string[]): Promise<void> {
  const events = app.get(AuditTrail).read(filterOf(given));
  await pipeline(events, toLines, process.stdout, { end: false });
}

async function* toLines(events: AsyncIterable<ExportedEvent>): AsyncGenerator<string> {
  for await (const event of events) yield `${JSON.stringify(event)}\n`;
}

function filterOf(given: string[]): AuditFilter {
  const { values } = parseArgs({ args: given, options: { since: { type: 'string' }, user: { type: 'string' } } });
  const { since, user } = values;
  if (since !== undefined && !isISO8601(since, { strict: true }))
    throw new Error('--since must be a time, as ISO 8601');
  if (user !== undefined && !isUUID(user)) throw new Error('--user must be the id of a user');
  return { since: since === undefined ? null : new Date(since), userId: user ?? null };
}
