import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import { serverUrl } from './config/server-url.js';
import type { Settings } from './config/settings.js';
import { createHttpApp } from './configure-app.js';
import { serveDocs } from './http/openapi.js';

/** A server that listens. */
export interface RunningServer {
  readonly app: NestFastifyApplication;
  /** Where it listens, without a trailing slash. */
  readonly url: string;
  /** Answers what is in flight, then closes the database. */
  close(): Promise<void>;
}

/** Starts the server of these settings; the same for the process and for tests. */
export async function startServer(settings: Settings, logger: Logger): Promise<RunningServer> {
  const { responseEnvelope } = settings.server;
  const app = await createHttpApp(AppModule.forRoot(settings, logger), {
    logger,
    trustProxyHops: settings.server.trustProxyHops,
    accessCookie: settings.tokens.carriers.includes('cookie'),
    responseEnvelope,
  });
  try {
    if (settings.server.docs) serveDocs(app, { responseEnvelope });
    await app.listen(settings.server.port, settings.server.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  const { port } = app.getHttpServer().address() as { port: number };
  return { app, url: serverUrl(settings.server.host, port), close: () => app.close() };
}
