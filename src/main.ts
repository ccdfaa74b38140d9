import cluster from 'node:cluster';
import { banner } from './banner.js';
import { ConfigurationError } from './config/configuration-error.js';
import { loadSettings } from './config/load-settings.js';
import { createLogger } from './logging/logger.js';

async function main(): Promise<void> {
  const settings = loadSettings(process.env);
  const logger = createLogger(settings.server.logLevel);
  const greet = (url: string): void => {
    if (!settings.server.production && !cluster.isWorker) process.stdout.write(banner(url, settings));
  };

  if (settings.server.workers > 1 && cluster.isPrimary) {
    const { superviseWorkers } = await import('./supervise-workers.js');
    superviseWorkers(settings.server, logger, (url) => {
      logger.info({ url, workers: settings.server.workers }, 'listening');
      greet(url);
    });
  } else {
    // The process that only supervises never loads the server.
    const { serve } = await import('./serve.js');
    greet(await serve(settings, logger));
  }
}

main().catch((error: unknown) => {
  if (error instanceof ConfigurationError) process.stderr.write(`${error.message}\n`);
  else createLogger('info').fatal({ err: error }, 'cannot start');
  process.exit(1);
});
