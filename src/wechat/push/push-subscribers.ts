import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Logger } from 'pino';
import type { Queries } from '../../database/statement.js';
import { LOGGER } from '../../logging/logging.module.js';
import type { PushEvent } from './push-event.js';
import { WechatPushSubscriber, type PushEffect, type PushSubscriber } from './push-subscriber.js';

// WeChat waits 5 s for an answer, then takes the push for lost.
const DELIVERY_MS = 4000;

/** Everybody who wants to know what WeChat pushes. */
@Injectable()
export class PushSubscribers implements OnApplicationBootstrap {
  private subscribers: readonly PushSubscriber[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.subscribers = this.discovery
      .getProviders({ metadataKey: WechatPushSubscriber.KEY })
      .map(({ instance }) => instance as PushSubscriber);
  }

  /** Whether anybody is told of events once they are committed. */
  get hear(): boolean {
    return this.subscribers.some((subscriber) => subscriber.afterCommit !== undefined);
  }

  /** Lets everybody whose effect is one with the event act, one after the other. */
  async actWithin(event: PushEvent, transaction: Queries): Promise<PushEffect[]> {
    const effects: PushEffect[] = [];
    for (const subscriber of this.subscribers) {
      const effect = await subscriber.withinTransaction?.(event, transaction);
      if (effect) effects.push(effect);
    }
    return effects;
  }

  /** Tells everybody else, all at once. False when one of them failed or took too long, which the log names. */
  async tell(event: PushEvent): Promise<boolean> {
    const told = await Promise.all(this.subscribers.map((subscriber) => this.tellOne(subscriber, event)));
    return told.every(Boolean);
  }

  private async tellOne(subscriber: PushSubscriber, event: PushEvent): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${DELIVERY_MS} ms`)), DELIVERY_MS);
    });
    try {
      await Promise.race([subscriber.afterCommit?.(event), tooLong]);
      return true;
    } catch (error) {
      const { id: pushId, appId, name } = event;
      const about = { pushId, appId, event: name, subscriber: subscriber.constructor.name };
      this.logger.error({ ...about, err: error }, 'a subscriber of pushes failed; WeChat is asked to repeat the push');
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}
