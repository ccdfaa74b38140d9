import { DiscoveryService } from '@nestjs/core';
import type { PersonalField } from '../../audit/audit-event.js';
import type { Queries } from '../../database/statement.js';
import type { PushEvent } from './push-event.js';

/** What a subscriber did within the transaction of an event. */
export interface PushEffect {
  /** The personal fields that are gone, by name; empty when there was nothing of the person here. */
  readonly withdrawn: readonly PersonalField[];
  readonly userId: string | null;
  /** Runs once the transaction has committed, for what this process keeps in memory. Must not fail. */
  committed?(): void;
}

/**
 * A provider that wants to know what WeChat pushes; it is found by `@WechatPushSubscriber()`, in whichever module.
 *
 * Deleting events in plain mode reach nobody.
 */
export interface PushSubscriber {
  /**
   * Runs in the transaction that remembers the event, and only for events of secure mode: both are committed, or neither
   * is and WeChat repeats the push. Must not call the outside world. Null: this is nothing of mine.
   */
  withinTransaction?(event: PushEvent, transaction: Queries): Promise<PushEffect | null>;

  /**
   * Runs after the event has been committed, at least once: when it fails, takes longer than 4 s, or the process dies,
   * WeChat gets no `success` and repeats the push (three times). `event.id` tells repeats of one event.
   */
  afterCommit?(event: PushEvent): Promise<void>;
}

/** Marks a provider as a `PushSubscriber`. */
export const WechatPushSubscriber = DiscoveryService.createDecorator<object>();
