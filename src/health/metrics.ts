import { Histogram, collectDefaultMetrics, register } from 'prom-client';

collectDefaultMetrics();

/** Answered requests, by route pattern and status. */
export const httpRequests = new Histogram({
  name: 'http_request_seconds',
  help: 'Duration of answered HTTP requests',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
});

/** All metrics of this process in the text format of Prometheus. */
export function renderMetrics(): Promise<string> {
  return register.metrics();
}

export const METRICS_CONTENT_TYPE = register.contentType;
