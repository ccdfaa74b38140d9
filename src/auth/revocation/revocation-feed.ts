import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { DatabaseSettings } from '../../config/settings.js';
import { NotificationListener } from '../../database/listener.js';
import { SchemaVersion } from '../../database/schema-version.js';
import { LOGGER } from '../../logging/logging.module.js';
import { REVOCATIONS_CHANNEL, RevocationsRepository, type FeedEntry } from './revocations.repository.js';
import type { RevokeReason } from './revoke-reason.js';
import { RevokedSessions } from './revoked-sessions.js';

const POLL_MS = 2000;
// Every poll reads this much again: an entry becomes visible when its transaction commits, which is after it was written.
const OVERLAP_SECONDS = 30;
const STALE_MS = 10_000;
// Keys die rarely; the ids of the entries already acted upon are kept so that a repeated read does not act again.
const SEEN_KEYS = 1000;

/**
 * Keeps this process informed of what has died, without a query per request.
 *
 * A notification or, should that be lost, a poll every 2 s makes it read the newest entries. What this process revokes
 * itself is known at once. An instance cut off from the database goes on for 10 s with what it knows, and is stale then.
 */
@Injectable()
export class RevocationFeed implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private reading: Promise<void> | null = null;
  private readAgain = false;
  /** When the last read that succeeded began; null before the first. */
  private readAt: number | null = null;
  private stopped = false;
  private readonly seenKeys = new Set<string>();
  private readonly keyListeners: ((revokedIds: readonly string[]) => Promise<void>)[] = [];

  constructor(
    private readonly repository: RevocationsRepository,
    private readonly revoked: RevokedSessions,
    private readonly listener: NotificationListener,
    private readonly schema: SchemaVersion,
    private readonly settings: DatabaseSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.read();
    this.listener.listen(REVOCATIONS_CHANNEL, () => void this.read());
    if (this.settings.url) this.pollLater();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Whether everything that was revoked before this process started is known. */
  get isLoaded(): boolean {
    return this.readAt !== null;
  }

  /** Whether what is known here may be too old to trust. */
  get isStale(): boolean {
    if (this.readAt === null) return true;
    return this.settings.url !== null && performance.now() - this.readAt > STALE_MS;
  }

  /** Calls back after a key has changed anywhere, with the ids of the signing keys that were revoked. */
  onKeysChanged(listener: (revokedIds: readonly string[]) => Promise<void>): void {
    this.keyListeners.push(listener);
  }

  /** Reads what is new, or everything the first time. Calls that overlap share a read that begins after all of them. */
  read(): Promise<void> {
    if (this.reading) {
      this.readAgain = true;
      return this.reading;
    }
    this.reading = this.readUntilQuiet().finally(() => {
      this.reading = null;
    });
    return this.reading;
  }

  private async readUntilQuiet(): Promise<void> {
    do {
      this.readAgain = false;
      await this.readOnce();
    } while (this.readAgain && !this.stopped);
  }

  private async readOnce(): Promise<void> {
    const beganAt = performance.now();
    try {
      if (this.readAt === null && !(await this.schema.isCurrent())) return;
      const entries =
        this.readAt === null
          ? await this.repository.loadAll()
          : await this.repository.loadRecent((beganAt - this.readAt) / 1000 + OVERLAP_SECONDS);
      this.readAt = beganAt;
      await this.apply(entries);
    } catch (error) {
      if (!this.stopped) this.logger.warn({ err: error }, 'the feed of revocations cannot be read');
    }
  }

  private async apply(entries: readonly FeedEntry[]): Promise<void> {
    const newKeys: FeedEntry[] = [];
    for (const entry of entries) {
      if (entry.kind === 'session') this.revoked.add(entry.subject, entry.reason as RevokeReason, entry.secondsLeft);
      else if (!this.seenKeys.has(entry.id)) newKeys.push(entry);
    }
    if (newKeys.length === 0) return;
    const revokedIds = newKeys.filter(({ reason }) => reason === 'revoked').map(({ subject }) => subject);
    await Promise.all(this.keyListeners.map((listener) => listener(revokedIds)));
    if (this.seenKeys.size > SEEN_KEYS) this.seenKeys.clear();
    newKeys.forEach(({ id }) => this.seenKeys.add(id));
  }

  private pollLater(): void {
    this.timer = setTimeout(() => {
      void this.read().finally(() => {
        if (!this.stopped) this.pollLater();
      });
    }, POLL_MS).unref();
  }
}
