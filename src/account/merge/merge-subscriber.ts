import { DiscoveryService } from '@nestjs/core';
import type { Queries } from '../../database/statement.js';

/** Two accounts turned out to be one person. */
export interface AccountMerged {
  readonly survivorId: string;
  /** Signs in no more. `GET /v1/users/:id` answers the survivor for it. */
  readonly absorbedId: string;
  readonly at: Date;
}

/** A provider that wants to know of merges; it is found by `@AccountMergeSubscriber()`, in whichever module. */
export interface MergeSubscriber {
  /**
   * Runs in the transaction of the merge: both are committed, or neither is and the caller gets SERVICE_UNAVAILABLE. For
   * rows in the same database that bear the absorbed id. Must not call the outside world.
   */
  withinTransaction?(merged: AccountMerged, transaction: Queries): Promise<void>;

  /**
   * Runs once, after the merge has been committed and before the caller is answered, for at most 4 s. A failure is logged
   * and undoes nothing, and a crash in between loses it: whoever must not miss a merge also asks for ids it knows.
   */
  afterCommit?(merged: AccountMerged): Promise<void>;
}

/** Marks a provider as a `MergeSubscriber`. */
export const AccountMergeSubscriber = DiscoveryService.createDecorator<object>();
