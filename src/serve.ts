import cluster from 'node:cluster';
import type { Logger } from 'pino';
import type { Settings } from './config/settings.js';
import { startServer } from './start-server.js';

// Requests in flight get this long; then the process leaves anyway.
const SHUTDOWN_MS = 10_000;

/** Serves in this process until SIGTERM or SIGINT. Answers where it listens. */
export async function serve(settings: Settings, logger: Logger): Promise<string> {
  const server = await startServer(settings, logger);
  if (cluster.isWorker) logger.info({ url: server.url, worker: process.pid }, 'worker listening');
  else logger.info({ url: server.url, database: settings.database.url ? 'postgresql' : 'embedded' }, 'listening');
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      logger.info({ signal }, 'stopping');
      setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
      server.close().then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ err: error }, 'did not stop cleanly');
          process.exit(1);
        },
      );
    });
  }
  return server.url;
}
