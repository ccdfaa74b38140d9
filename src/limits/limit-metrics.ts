import { Counter } from 'prom-client';

/** Refusals, by the name of the limit. */
export const rateLimited = new Counter({
  name: 'rate_limited_total',
  help: 'Requests refused by a rate limit, by limit',
  labelNames: ['limit'] as const,
});

/** Counts that only this process knows, because the shared counters did not answer. */
export const countedAlone = new Counter({
  name: 'rate_limits_counted_alone_total',
  help: 'Counts of rate limits that were kept in this process because the shared counters were away',
});
