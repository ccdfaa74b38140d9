import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { LimitSettings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { LOGGER } from '../logging/logging.module.js';
import { KeyedHash } from '../secrets/keyed-hash.js';
import { Counters, type Counter, type Standing } from './counters.js';
import { countedAlone, rateLimited } from './limit-metrics.js';
import { LIMITS, type LimitName, type NamedLimit } from './named-limits.js';

// Keys that are known to be over a limit elsewhere; forgetting one only means to be told again.
const BLOCKED_MAX = 100_000;

interface LimitCounters {
  readonly limit: NamedLimit;
  readonly own: Counter;
  readonly shared: Counter | null;
}

/**
 * Counts how often things happen, and refuses what happens too often.
 *
 * Counters are shared through Redis or PostgreSQL where there is one; while that is away this process counts alone, and
 * nobody is refused for it. Keys leave this process as keyed hashes only. With RATE_LIMIT=off nothing is counted.
 */
@Injectable()
export class Limits implements OnModuleInit {
  private readonly counters: ReadonlyMap<LimitName, LimitCounters>;
  private readonly blocked = new LRUCache<string, number>({ max: BLOCKED_MAX, ttl: 1, ttlAutopurge: false });

  constructor(
    private readonly settings: LimitSettings,
    private readonly hash: KeyedHash,
    @Inject(LOGGER) private readonly logger: Logger,
    counters: Counters,
  ) {
    this.counters = new Map(
      Object.entries(LIMITS).map(([name, limit]: [string, NamedLimit]) => {
        const shared = limit.counted === 'process' ? null : counters.shared(name, limit);
        return [name as LimitName, { limit, own: counters.ofProcess(name, limit), shared }];
      }),
    );
  }

  onModuleInit(): void {
    if (!this.settings.enabled) this.logger.warn('RATE_LIMIT is off: codes and passwords can be guessed at any speed');
  }

  /** Counts one. @throws AppError RATE_LIMITED - it is one too many */
  async consume(name: LimitName, ...key: readonly string[]): Promise<void> {
    if (!this.settings.enabled) return;
    const standing = await this.add(name, key, 1);
    if (standing.refused) throw refusal(name, standing.msLeft);
  }

  /**
   * Counts nothing. Where this process counts by itself it also judges by itself: what happened elsewhere it learns with
   * its own next counts.
   *
   * @throws AppError RATE_LIMITED - one more would be too many
   */
  async check(name: LimitName, ...key: readonly string[]): Promise<void> {
    if (!this.settings.enabled) return;
    const standing = await this.add(name, key, 0);
    if (standing.exhausted) throw refusal(name, standing.msLeft);
  }

  /** Counts one after the fact, for a later `check`. */
  async count(name: LimitName, ...key: readonly string[]): Promise<void> {
    if (!this.settings.enabled) return;
    await this.add(name, key, 1);
  }

  private async add(name: LimitName, key: readonly string[], points: 0 | 1): Promise<Standing> {
    const counters = this.counters.get(name)!;
    const { counted } = counters.limit;
    const id = JSON.stringify(key);
    if (counters.shared && counted === 'exact') return this.addShared(name, counters, id, points);
    const elsewhere = this.blockedFor(name, id);
    if (elsewhere > 0) return { refused: true, exhausted: true, consumed: 0, msLeft: elsewhere };
    const own = await counters.own(id, points);
    if (points === 0 || !counters.shared || typeof counted !== 'number' || own.consumed % counted !== 0) return own;
    const report = this.report(name, counters.shared, id, counted);
    // Only what is counted one by one is worth waiting for: it is a failure, and the next one shall be judged by it.
    if (counted === 1) await report;
    return own;
  }

  /** Counts where everybody counts, or alone while nobody answers there. */
  private async addShared(name: LimitName, counters: LimitCounters, id: string, points: number): Promise<Standing> {
    try {
      return await counters.shared!(await this.hashed(name, id), points);
    } catch (error) {
      this.countAlone(name, error);
      return counters.own(id, points);
    }
  }

  /** Adds what this process has counted to what everybody has, and remembers if that is too much. Never fails. */
  private async report(name: LimitName, shared: Counter, id: string, points: number): Promise<void> {
    try {
      const standing = await shared(await this.hashed(name, id), points);
      if (!standing.exhausted) return;
      const until = performance.now() + standing.msLeft;
      this.blocked.set(`${name}${id}`, until, { ttl: Math.max(1, standing.msLeft) });
    } catch (error) {
      this.countAlone(name, error);
    }
  }

  private blockedFor(name: LimitName, id: string): number {
    return (this.blocked.get(`${name}${id}`) ?? 0) - performance.now();
  }

  private async hashed(name: LimitName, id: string): Promise<string> {
    return (await this.hash.of('rate_limit', name, id)).toString('base64url');
  }

  private countAlone(name: LimitName, error: unknown): void {
    countedAlone.inc();
    const level = error instanceof AppError ? 'debug' : 'error';
    this.logger[level]({ err: error, limit: name }, 'the shared counters do not answer; counting alone');
  }
}

function refusal(name: LimitName, msLeft: number): AppError {
  rateLimited.inc({ limit: name });
  return new AppError('RATE_LIMITED', {
    context: { limit: name },
    retryAfterSeconds: Math.max(1, Math.ceil(msLeft / 1000)),
  });
}
