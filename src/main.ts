import { ConfigurationError } from './config/configuration-error.js';
import { loadSettings } from './config/load-settings.js';
import type { Settings } from './config/settings.js';
import { createLogger } from './logging/logger.js';
import { startServer } from './start-server.js';

// Requests in flight get this long; then the process leaves anyway.
const SHUTDOWN_MS = 10_000;

async function main(): Promise<void> {
  const settings = loadSettings(process.env);
  const logger = createLogger(settings.server.logLevel);
  const server = await startServer(settings, logger);
  logger.info({ url: server.url, database: settings.database.url ? 'postgresql' : 'embedded' }, 'listening');
  if (!settings.server.production) process.stdout.write(banner(server.url, settings));

  const stop = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function banner(url: string, settings: Settings): string {
  const lines = [
    `wechat-passport is at ${url}`,
    `  docs      ${url}/docs`,
    `  health    ${url}/readyz`,
    `  database  ${settings.database.url ? 'PostgreSQL' : `embedded, in ${settings.database.directory}`}`,
    `  SMS       ${settings.sms.providerModule ?? 'printed here'}`,
    `  WeChat    ${settings.sandbox.enabled ? 'sandbox, on this server' : settings.wechat.apiBaseUrl}`,
  ];
  if (settings.sandbox.enabled) {
    const token = settings.sandbox.controlToken ? ` -H "Authorization: Bearer $SANDBOX_CONTROL_TOKEN"` : '';
    lines.push(
      '',
      'Play the phone, then sign in (paste both lines):',
      `  CODE=$(curl -s ${url}/sandbox/wx-login${token} -H 'content-type: application/json' -d '{"user":"alice"}' | sed 's/.*"code":"\\([^"]*\\)".*/\\1/')`,
      `  curl -s ${url}/v1/auth/wechat/login -H 'content-type: application/json' -d "{\\"code\\":\\"$CODE\\"}"`,
    );
  }
  return `\n${lines.join('\n')}\n\n`;
}

main().catch((error: unknown) => {
  if (error instanceof ConfigurationError) process.stderr.write(`${error.message}\n`);
  else createLogger('info').fatal({ err: error }, 'cannot start');
  process.exit(1);
});
