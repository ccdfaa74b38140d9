interface Timer {
  readonly at: number;
  readonly run: () => void;
}

// What the SDK waits between two tries is at most this; a deadline is longer.
const PAUSE_MAX_MS = 5000;

/**
 * The clock of a phone in a test. Nothing ever sleeps.
 *
 * Short pauses pass by themselves, at once, and move the clock; longer times pass by `advance` alone. `set` is the person who
 * sets the clock wrong: no timer notices.
 */
export class PhoneClock {
  private timers: readonly Timer[] = [];
  private elapsed = 0;

  /** @param offset how far the wall clock is from true time, in milliseconds */
  constructor(
    private offset = 0,
    private readonly startedAt = Date.now(),
  ) {}

  now(): number {
    return this.startedAt + this.offset + this.elapsed;
  }

  /** For the SDK. */
  after(milliseconds: number, run: () => void): () => void {
    if (milliseconds > PAUSE_MAX_MS) return this.alarm(milliseconds, run);
    const passing = setImmediate(() => {
      this.elapsed += milliseconds;
      run();
    });
    return () => clearImmediate(passing);
  }

  /** For the phone: rings by `advance` alone. */
  alarm(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.elapsed + milliseconds, run };
    this.timers = [...this.timers, timer];
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  }

  /** Lets time pass; what is due happens in its order. */
  advance(milliseconds: number): void {
    const end = this.elapsed + milliseconds;
    for (let next = this.nextBefore(end); next; next = this.nextBefore(end)) {
      this.timers = this.timers.filter((one) => one !== next);
      this.elapsed = Math.max(this.elapsed, next.at);
      next.run();
    }
    this.elapsed = end;
  }

  /** Puts the wall clock forward or back. */
  put(milliseconds: number): void {
    this.offset += milliseconds;
  }

  private nextBefore(end: number): Timer | undefined {
    return this.timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
  }
}
