import { randomBytes } from 'node:crypto';
import { loadSettings } from '../dist/config/load-settings.js';
import { createOpenApiDocument } from '../dist/http/openapi.js';
import { createLogger } from '../dist/logging/logger.js';
import { startServer } from '../dist/start-server.js';

/**
 * Describes the routes of a server as production runs it, that is, without the sandbox. Reads nothing of the environment
 * and leaves nothing behind.
 */
export async function renderOpenApi() {
  const settings = loadSettings(
    {
      NODE_ENV: 'test',
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'silent',
      WECHAT_SANDBOX: 'false',
      WECHAT_APPS: JSON.stringify([{ appId: 'wx0000000000000000', secret: 'never-sent-anywhere' }]),
      MASTER_KEYS: `generate:${randomBytes(32).toString('base64')}`,
    },
    { inMemory: true },
  );
  const server = await startServer(settings, createLogger(settings.server.logLevel));
  try {
    const document = createOpenApiDocument(server.app);
    // Where the server is, its operator knows; the document does not.
    delete document.servers;
    return `${JSON.stringify(document, null, 2)}\n`;
  } finally {
    await server.close();
  }
}
