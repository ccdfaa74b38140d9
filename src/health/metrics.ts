import cluster from 'node:cluster';
import { Histogram, collectDefaultMetrics, register } from 'prom-client';
import { WorkerMetrics } from './worker-metrics.js';

collectDefaultMetrics();

const workers = cluster.isWorker ? new WorkerMetrics() : null;

/** Answered requests, by route pattern and status. */
export const httpRequests = new Histogram({
  name: 'http_request_seconds',
  help: 'Duration of answered HTTP requests',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
});

/**
 * All metrics of this server in the text format of Prometheus; of several workers together, whichever was asked.
 *
 * @throws AppError SERVICE_UNAVAILABLE - one of the workers does not answer
 */
export function renderMetrics(): Promise<string> {
  return workers ? workers.ofAllWorkers() : register.metrics();
}

export const METRICS_CONTENT_TYPE = register.contentType;
