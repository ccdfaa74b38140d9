import type { Socket } from 'node:net';
import { HttpService } from '@nestjs/axios';
import axios, { AxiosError, CanceledError, type InternalAxiosRequestConfig } from 'axios';
import { Agent, buildConnector, errors } from 'undici';

export interface ConnectionLimits {
  /** A connection, the TLS handshake included, stands within this time or is given up. */
  readonly connectTimeoutMs: number;
  readonly answerBytes: number;
}

// What stands between us and WeChat forgets connections that are idle for longer, without a word; whatever the other side says.
const IDLE_MS = 30_000;

/**
 * Nest's HTTP client over connections that are kept, which undici does in less time than Node's own client.
 *
 * Opens as many as there are calls at once. Every status is an answer. Bodies are text and stay as they are. Sends nothing
 * twice. Follows no redirect and knows no proxy: another host would see every AppSecret.
 */
export function pooledHttp({ connectTimeoutMs, answerBytes }: ConnectionLimits): HttpService {
  const agent = new Agent({
    connect: connectWithin(connectTimeoutMs),
    maxResponseSize: answerBytes,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
  });
  const http = axios.create();
  // None of axios's own is for us, and merging them into every call takes longer than sending it.
  for (const name of Object.keys(http.defaults)) Reflect.deleteProperty(http.defaults, name);
  Object.assign(http.defaults, {
    adapter: (config: InternalAxiosRequestConfig) => send(agent, config),
    headers: { accept: 'application/json' },
  });
  return new HttpService(http);
}

async function send(agent: Agent, config: InternalAxiosRequestConfig) {
  try {
    return await Promise.race([exchange(agent, config), aborted(config.signal as AbortSignal | undefined)]);
  } catch (error) {
    if (config.signal?.aborted) throw new CanceledError(undefined, config);
    // A connection that was closed under a request; undici has no word of the system's for it.
    const code = error instanceof errors.SocketError ? 'ECONNRESET' : (error as { code?: string }).code;
    throw AxiosError.from(error, code, config);
  }
}

async function exchange(agent: Agent, config: InternalAxiosRequestConfig) {
  const { origin, pathname, search } = new URL(config.url!);
  const { statusCode, headers, body } = await agent.request({
    origin,
    path: `${pathname}${search}`,
    method: config.method!.toUpperCase(),
    headers: config.headers.toJSON() as Record<string, string>,
    body: (config.data as string | undefined) ?? null,
    signal: config.signal,
  });
  return { data: await body.text(), status: statusCode, statusText: '', headers, config };
}

/** Undici hears of an abort only once a connection stands. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true }),
  );
}

/** Undici's own limit is only good to half a second, and tells nothing of what was under way. */
function connectWithin(timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: 0 });
  return (options, callback) => {
    // Its typings keep from us what it answers.
    const socket = connect(options, callback) as unknown as Socket;
    const timer = setTimeout(() => socket.destroy(connectTimeout()), timeoutMs);
    const stop = (): void => clearTimeout(timer);
    socket.once(options.protocol === 'https:' ? 'secureConnect' : 'connect', stop).once('close', stop);
  };
}

/** Looks as if the system had given up, which it would after two minutes. */
function connectTimeout(): Error {
  return Object.assign(new Error('the connection does not stand in time'), { code: 'ETIMEDOUT', syscall: 'connect' });
}
