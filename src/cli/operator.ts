import type { Origin } from '../audit/audit-event.js';

/** Whoever sits at the command line. The audit log cannot tell who that is; the machine's own log can. */
export const OPERATOR: Origin = { actor: { kind: 'admin', id: null }, traceId: null };
