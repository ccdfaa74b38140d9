import { Injectable } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { DatabaseSettings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { RedisConnection } from '../database/redis-connection.js';
import type { NamedLimit } from './named-limits.js';

/** Where a key stands after it was counted. */
export interface Standing {
  /** Over the limit. */
  readonly refused: boolean;
  /** Nothing is left: the next one would be over. */
  readonly exhausted: boolean;
  /** In this window, this one included. Of a key that is known to be over it is not told. */
  readonly consumed: number;
  readonly msLeft: number;
}

/** Counts a key up by so many points; by 0 it only looks. */
export type Counter = (key: string, points: number) => Promise<Standing>;

type Limiter = Pick<RateLimiterMemory, 'consume'>;

/** Makes counters: those of this process, and those that instances share, in Redis or else in PostgreSQL. */
@Injectable()
export class Counters {
  constructor(
    private readonly redis: RedisConnection,
    private readonly database: Database,
    private readonly settings: DatabaseSettings,
  ) {}

  ofProcess(name: string, { points, seconds }: NamedLimit): Counter {
    return counterOf(new RateLimiterMemory({ keyPrefix: name, points, duration: seconds }));
  }

  /**
   * Null on the embedded database without Redis: there is one process.
   *
   * A key that is over the limit is remembered here until its window ends, and costs the store nothing more. The counter
   * throws when the store does not answer.
   */
  shared(name: string, { points, seconds }: NamedLimit): Counter | null {
    const options = { keyPrefix: name, points, duration: seconds, inMemoryBlockOnConsumed: points };
    if (this.redis.isConfigured) {
      const storeClient = { eval: this.evaluate };
      return counterOf(new RateLimiterRedis({ ...options, storeClient, useRedisPackage: true }));
    }
    if (this.settings.url === null) return null;
    return counterOf(
      new RateLimiterPostgres({
        ...options,
        storeClient: { query: this.query },
        storeType: 'client',
        tableName: 'rate_limits',
        tableCreated: true,
        // `RateLimitCleaning` does it in chunks, on one instance at a time.
        clearExpiredByTimeout: false,
      }),
    );
  }

  /** What the limiter expects of a client of node-redis. */
  private readonly evaluate = (text: string, call: { keys: string[]; arguments: string[] }): Promise<unknown> =>
    this.redis.run({ text }, call.keys, call.arguments);

  /** What the limiter expects of a client of node-postgres. */
  private readonly query = async (query: { name: string; text: string; values: unknown[] }) => {
    const rows = await this.database.query({ name: query.name, text: query.text }, query.values);
    return { rows, rowCount: rows.length };
  };
}

function counterOf(limiter: Limiter): Counter {
  return async (key, points) => {
    try {
      return standingOf(await limiter.consume(key, points), false);
    } catch (error) {
      if (error instanceof RateLimiterRes) return standingOf(error, true);
      throw error;
    }
  };
}

function standingOf(result: RateLimiterRes, refused: boolean): Standing {
  const { consumedPoints: consumed, msBeforeNext: msLeft } = result;
  return { refused, exhausted: refused || result.remainingPoints <= 0, consumed, msLeft };
}
