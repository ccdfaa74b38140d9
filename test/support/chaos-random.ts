import { setTimeout as sleep } from 'node:timers/promises';

/** Chance that can be repeated: the same seed draws the same numbers. */
export class Chance {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed >>> 0;
  }

  /** The seed in `CHAOS_SEED`, otherwise a new one. */
  static fromEnvironment(): Chance {
    const given = Number(process.env['CHAOS_SEED']);
    return new Chance(Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 0x7ffffffe));
  }

  /** From 0 to below 1 (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.next() * items.length)]!;
  }

  /** Waits for a time between two bounds, in milliseconds. */
  async pause(lowMs: number, highMs: number): Promise<void> {
    await sleep(this.between(lowMs, highMs));
  }

  /** The items over and over, each round complete and in an order of its own. */
  *rounds<Item>(items: readonly Item[]): Generator<Item, never> {
    for (;;) {
      const left = [...items];
      while (left.length > 0) yield left.splice(Math.floor(this.next() * left.length), 1)[0]!;
    }
  }
}

/** How long the fault tests keep breaking things, in seconds; `CHAOS_SECONDS`, 20 by default. */
export const CHAOS_SECONDS = Math.max(1, Number(process.env['CHAOS_SECONDS']) || 20);

/** Does something with every item, a few at a time. */
export async function eachOf<Item>(
  items: Iterable<Item>,
  work: (item: Item, index: number) => Promise<unknown>,
  { atOnce = 16 } = {},
): Promise<void> {
  const queue = [...items].entries();
  const worker = async (): Promise<void> => {
    // One iterator for all: each takes what the others have left.
    for (const [index, item] of queue) await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Prints what a fault test did, past Jest's decoration. */
export function report(title: string, facts: Readonly<Record<string, unknown>>): void {
  const lines = Object.entries(facts).map(([name, value]) => `  ${name.padEnd(44)} ${String(value)}`);
  process.stdout.write(`\n${[title, ...lines].join('\n')}\n`);
}
