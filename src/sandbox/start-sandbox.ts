import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { WechatApp } from '../config/settings.js';
import { createHttpApp } from '../configure-app.js';
import { SandboxModule } from './sandbox.module.js';
import { Sandbox } from './sandbox.js';

export interface StartSandboxOptions {
  readonly apps: readonly WechatApp[];
  /** Must be set for a `host` other than the loopback address; that is not checked here. */
  readonly controlToken?: string | null;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly logger: Logger;
}

/** A sandbox that listens. */
export interface RunningSandbox {
  /** Without a trailing slash; what `WECHAT_API_BASE_URL` has to be. */
  readonly url: string;
  readonly sandbox: Sandbox;
  /** Ends hung requests, answers the others and stops listening. */
  close(): Promise<void>;
}

// Every answer is at hand by then. What is left are connections that never carried a request: Node takes them for busy
// and would wait for their owners.
const CLOSE_GRACE_MS = 200;

const CONTROL_PATHS = '/sandbox/';

// What the server reads in ways of its own on routes that the sandbox does not have.
const SERVERS_OWN_LABELS = ['application/x-www-form-urlencoded', 'text/plain', 'text/xml', 'application/xml', '*'];

/** Starts a sandbox of its own on 127.0.0.1, or on `host`. */
export async function startSandbox(options: StartSandboxOptions): Promise<RunningSandbox> {
  const { apps, controlToken = null, port = 0, host = '127.0.0.1', logger } = options;
  const app = await createHttpApp(SandboxModule.forRoot({ apps, controlToken }), { logger, trustProxyHops: 0 });
  readUnlabelledJson(app.getHttpAdapter().getInstance());
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw error;
  }
  const close = async () => {
    const cut = setTimeout(() => app.getHttpServer().closeAllConnections(), CLOSE_GRACE_MS);
    await app.close();
    clearTimeout(cut);
  };
  return { url: await app.getUrl(), sandbox: app.get(Sandbox), close };
}

/**
 * Reads JSON under any label, as WeChat does: its own examples send it with curl's `application/x-www-form-urlencoded`.
 * The control routes are ours and stay strict.
 */
function readUnlabelledJson(fastify: FastifyInstance): void {
  for (const label of SERVERS_OWN_LABELS) fastify.removeContentTypeParser(label);
  fastify.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    if (!request.url.startsWith(CONTROL_PATHS)) done(null, parsed(body as string));
    else done(Object.assign(new Error('only JSON is accepted here'), { statusCode: 415 }));
  });
}

/** What is no JSON counts as nothing: then WeChat misses what it needs and says so. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
