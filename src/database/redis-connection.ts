import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { createClient } from 'redis';
import { RedisSettings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';

type RedisClient = ReturnType<typeof newClient>;

// Whoever uses Redis can do without: it must answer soon or not at all.
const ANSWER_MS = 500;
const CONNECT_MS = 500;
const RECONNECT_MS_MAX = 2000;

/** One script for Redis, which runs it as a whole or not at all. */
export interface RedisScript {
  readonly text: string;
}

/**
 * Runs scripts on Redis, over one connection that is made at the first use and comes back by itself.
 *
 * Nothing waits for a connection that is lost. Its loss is logged once, and so is its return.
 */
@Injectable()
export class RedisConnection implements OnApplicationShutdown {
  private client: RedisClient | null = null;
  private connecting: Promise<unknown> = Promise.resolve();
  private lost = false;

  constructor(
    private readonly settings: RedisSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Whether there is a Redis for this server at all. */
  get isConfigured(): boolean {
    return this.settings.url !== null;
  }

  /** @throws AppError SERVICE_UNAVAILABLE - Redis cannot be reached, does not answer soon, or refuses the script */
  async run(script: RedisScript, keys: string[], values: string[]): Promise<unknown> {
    try {
      return await soon(this.evaluate(script, keys, values));
    } catch (error) {
      throw new AppError('SERVICE_UNAVAILABLE', { cause: error, retryAfterSeconds: 2 });
    }
  }

  onApplicationShutdown(): void {
    if (this.client?.isOpen) this.client.destroy();
  }

  private async evaluate(script: RedisScript, keys: string[], values: string[]): Promise<unknown> {
    const client = (this.client ??= this.connect());
    if (!client.isReady && !this.lost) await this.connecting;
    return client.eval(script.text, { keys, arguments: values });
  }

  private connect(): RedisClient {
    const client = newClient(this.settings.url!);
    client.on('error', (error: unknown) => this.onError(error));
    client.on('ready', () => this.onReady());
    this.connecting = client.connect().catch(() => undefined);
    return client;
  }

  private onError(error: unknown): void {
    if (this.lost) return;
    this.lost = true;
    this.logger.warn({ err: error }, 'Redis cannot be reached; going on without it');
  }

  private onReady(): void {
    if (!this.lost) return;
    this.lost = false;
    this.logger.info('Redis is back');
  }
}

function newClient(url: string) {
  const reconnectStrategy = (retries: number) => Math.min(2 ** retries * 50, RECONNECT_MS_MAX);
  return createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: CONNECT_MS, reconnectStrategy },
  });
}

/** Gives up waiting for what may still happen. */
async function soon<Result>(work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('Redis does not answer in time')), ANSWER_MS);
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}
