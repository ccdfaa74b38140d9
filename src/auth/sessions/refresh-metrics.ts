import { Counter } from 'prom-client';

/** Refreshes by what the token turned out to be; a refresh leaves no audit row. */
export const refreshes = new Counter({
  name: 'session_refreshes_total',
  help: 'Refreshes of sessions, by the verdict on the refresh token',
  labelNames: ['verdict'] as const,
});
