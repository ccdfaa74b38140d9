import { AppError } from '../errors/app-error.js';
import { saidByDatabase } from './unavailable.js';

/** A piece of work that can be done for many at once. */
export interface GroupWork<Item, Result> {
  /** What two items must not have in common within one batch, such as the row they change. */
  keyOf(item: Item): string;
  /**
   * Does it for all in one statement: results by position, undefined for what has to be done alone. Waits for no row that
   * somebody else holds. The items come sorted by key, each key once.
   */
  together(items: readonly Item[]): Promise<readonly (Result | undefined)[]>;
  /** Does it for one, as if there were no batches. */
  alone(item: Item): Promise<Result>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly key: string;
  readonly resolve: (result: Result | Promise<Result>) => void;
  readonly reject: (error: unknown) => void;
}

const BATCH_MAX = 128;
// Some tenths of a second of work. Whoever came on top would wait longer than it takes to come again.
const WAITING_MAX = 2048;

/**
 * Group commit within the process: while one batch is in flight the next one collects, so many requests share a commit.
 *
 * Nobody waits for company: whoever finds nothing in flight is served alone and at once. Nobody suffers for a neighbour: what
 * a batch left out, and all of a batch that the database refused, is served one by one beside the following batches.
 */
export class GroupCommit<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private batchInFlight = false;
  private aloneInFlight = 0;

  constructor(private readonly work: GroupWork<Item, Result>) {}

  /** @throws AppError SERVICE_UNAVAILABLE - too many are waiting; and what the work throws */
  async run(item: Item): Promise<Result> {
    if (!this.batchInFlight && this.aloneInFlight === 0) return this.runAlone(item);
    if (this.waiting.length >= WAITING_MAX) {
      throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'too many are waiting' }, retryAfterSeconds: 1 });
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, key: this.work.keyOf(item), resolve, reject });
      if (!this.batchInFlight) void this.runBatches();
    });
  }

  private async runAlone(item: Item): Promise<Result> {
    this.aloneInFlight += 1;
    try {
      return await this.work.alone(item);
    } finally {
      this.aloneInFlight -= 1;
    }
  }

  private async runBatches(): Promise<void> {
    this.batchInFlight = true;
    while (this.waiting.length > 0) await this.runBatch(this.takeBatch());
    this.batchInFlight = false;
  }

  private async runBatch(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.work.together(batch.map(({ item }) => item));
      batch.forEach(({ item, resolve }, index) => {
        const result = results[index];
        resolve(result === undefined ? this.runAlone(item) : result);
      });
    } catch (error) {
      // What the database refused has not happened. Of a lost connection nobody knows what was committed on it.
      const isUndone = saidByDatabase(error);
      batch.forEach(({ item, resolve, reject }) => (isUndone ? resolve(this.runAlone(item)) : reject(error)));
    }
  }

  /** Those who came first, sorted by key; whoever shares a key with one of them waits for a later batch. */
  private takeBatch(): Waiting<Item, Result>[] {
    const batch = new Map<string, Waiting<Item, Result>>();
    const left: Waiting<Item, Result>[] = [];
    for (const one of this.waiting) {
      if (batch.size === BATCH_MAX || batch.has(one.key)) left.push(one);
      else batch.set(one.key, one);
    }
    this.waiting = left;
    return [...batch.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}
