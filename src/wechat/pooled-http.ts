import type { Socket } from 'node:net';
import { HttpService } from '@nestjs/axios';
import { Axios, AxiosError, CanceledError, type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { Agent, buildConnector, errors } from 'undici';

export interface PoolLimits {
  /** Connections to one host. */
  readonly connections: number;
  /** A connection, the TLS handshake included, stands within this time or is given up. */
  readonly connectTimeoutMs: number;
  readonly answerBytes: number;
}

// What stands between us and WeChat forgets connections that are idle for longer, without a word.
const IDLE_MS = 30_000;

/**
 * Nest's HTTP client over connections that are kept, which undici does in less time than Node's own client.
 *
 * Every status is an answer. Bodies are text and stay as they are. Follows no redirect, knows no proxy, sends nothing twice:
 * another host would see every AppSecret.
 */
export function pooledHttp({ connections, connectTimeoutMs, answerBytes }: PoolLimits): HttpService {
  const agent = new Agent({
    connections,
    connect: connectWithin(connectTimeoutMs),
    maxResponseSize: answerBytes,
    keepAliveTimeout: IDLE_MS,
  });
  // Of axios's own defaults none is for us, and merging them into every call takes longer than sending it.
  const axios = new Axios({ adapter: (config) => send(agent, config), headers: { accept: 'application/json' } });
  return new HttpService(axios as AxiosInstance);
}

async function send(agent: Agent, config: InternalAxiosRequestConfig) {
  const { origin, pathname, search } = new URL(config.url!);
  try {
    const { statusCode, headers, body } = await agent.request({
      origin,
      path: `${pathname}${search}`,
      method: config.method!.toUpperCase(),
      headers: config.headers.toJSON() as Record<string, string>,
      body: (config.data as string | undefined) ?? null,
      signal: config.signal,
    });
    return { data: await body.text(), status: statusCode, statusText: '', headers, config };
  } catch (error) {
    if (config.signal?.aborted) throw new CanceledError(undefined, config);
    // A connection that was closed under a request; undici has no word of the system's for it.
    const code = error instanceof errors.SocketError ? 'ECONNRESET' : (error as { code?: string }).code;
    throw AxiosError.from(error, code, config);
  }
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
