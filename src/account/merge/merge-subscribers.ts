import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Logger } from 'pino';
import type { Queries } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import { LOGGER } from '../../logging/logging.module.js';
import { AccountMergeSubscriber, type AccountMerged, type MergeSubscriber } from './merge-subscriber.js';

// A person waits for the answer.
const DELIVERY_MS = 4000;

/** Everybody who wants to know of merges. */
@Injectable()
export class MergeSubscribers implements OnApplicationBootstrap {
  private subscribers: readonly MergeSubscriber[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.subscribers = this.discovery
      .getProviders({ metadataKey: AccountMergeSubscriber.KEY })
      .map(({ instance }) => instance as MergeSubscriber);
  }

  /** Lets everybody act who belongs in the transaction. @throws AppError SERVICE_UNAVAILABLE - one of them could not */
  async actWithin(merged: AccountMerged, transaction: Queries): Promise<void> {
    for (const subscriber of this.subscribers) {
      try {
        await subscriber.withinTransaction?.(merged, transaction);
      } catch (cause) {
        const context = { subscriber: subscriber.constructor.name, reason: 'a subscriber of merges failed' };
        throw new AppError('SERVICE_UNAVAILABLE', { cause, context });
      }
    }
  }

  /** Tells everybody else, all at once. Never fails. */
  async tell(merged: AccountMerged): Promise<void> {
    await Promise.all(this.subscribers.map((subscriber) => this.tellOne(subscriber, merged)));
  }

  private async tellOne(subscriber: MergeSubscriber, merged: AccountMerged): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${DELIVERY_MS} ms`)), DELIVERY_MS);
    });
    try {
      await Promise.race([subscriber.afterCommit?.(merged), tooLong]);
    } catch (error) {
      const { survivorId, absorbedId } = merged;
      const about = { survivorId, absorbedId, subscriber: subscriber.constructor.name };
      this.logger.error({ ...about, err: error }, 'a subscriber of merges failed, and is not told again');
    } finally {
      clearTimeout(timer);
    }
  }
}
