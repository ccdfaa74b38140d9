import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { serverUrl } from './config/server-url.js';
import type { ServerSettings } from './config/settings.js';
import { answerMetricsQuestions } from './health/worker-metrics.js';

// A worker that keeps ending must not keep the machine busy with starting it.
const REPLACE_AFTER_MS = 1000;
// Over the time that a worker gives its requests in flight.
const SHUTDOWN_MS = 12_000;

/**
 * Starts the workers and keeps them running: each is a whole server, and they share the port and nothing else.
 *
 * A worker that ends by itself is replaced. When one ends before any has listened, the configuration or the database is
 * at fault, and this process ends with code 1, as a single one would. SIGTERM and SIGINT let every worker answer what it
 * has in flight; code 0 means that all of them did.
 *
 * @param onListening called once, when all of them listen
 */
export function superviseWorkers(settings: ServerSettings, logger: Logger, onListening: (url: string) => void): void {
  const listening = new Set<number>();
  let announced = false;
  let stopping = false;
  let exitCode = 0;

  const stop = (code: number): void => {
    if (stopping) return;
    stopping = true;
    exitCode = code;
    setTimeout(() => endWorkers('SIGKILL'), SHUTDOWN_MS).unref();
    endWorkers('SIGTERM');
    endWithLast();
  };
  const endWithLast = (): void => {
    if (Object.keys(cluster.workers ?? {}).length === 0) process.exit(exitCode);
  };
  const replace = (): void => {
    if (!stopping) cluster.fork();
  };

  cluster.on('listening', (worker: Worker, { port }: { port: number }) => {
    listening.add(worker.id);
    if (announced || listening.size < settings.workers) return;
    announced = true;
    onListening(serverUrl(settings.host, port));
  });
  cluster.on('exit', (worker: Worker, code: number | null, signal: string | null) => {
    const served = listening.delete(worker.id);
    if (stopping) {
      if (served && code !== 0) exitCode = 1;
      endWithLast();
    } else if (!announced && listening.size === 0) {
      logger.fatal({ worker: worker.process.pid, exitCode: code, signal }, 'a worker cannot start');
      stop(1);
    } else {
      logger.error(
        { worker: worker.process.pid, exitCode: code, signal },
        'a worker has ended; another takes its place',
      );
      setTimeout(replace, REPLACE_AFTER_MS);
    }
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      logger.info({ signal }, 'stopping the workers');
      stop(0);
    });
  }
  answerMetricsQuestions();
  for (let count = 0; count < settings.workers; count += 1) cluster.fork();
}

function endWorkers(signal: NodeJS.Signals): void {
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal);
}
