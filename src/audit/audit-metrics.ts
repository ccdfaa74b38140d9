import { Counter } from 'prom-client';

/** Events that could not be kept: the database was away for too long, or the process ended. */
export const droppedEvents = new Counter({
  name: 'audit_events_dropped_total',
  help: 'Audit events that were lost because the database could not take them in time',
});
