import type { Clock } from './clock.js';
import type { AuthError } from './errors.js';
import type { WxLike } from './platform.js';

// A person waits for it: three tries within a few seconds, then the app may say that it does not work now.
const PAUSES_MS = [1000, 3000];
const RETRY_AFTER_MAX_SECONDS = 5;

// A request that the background has interrupted is of no use before the app is back, which ends the pause.
const BACKGROUND_PAUSE_MS = 30_000;

/** Tries again what may work the next time. */
export class Retry {
  private wakeAll: (() => void)[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly platform: WxLike,
  ) {
    if (platform.onAppShow) {
      platform.onAppShow(() => {
        this.wakeAll.splice(0).forEach((wake) => wake());
      });
    }
  }

  /** Up to three times, as long as the failure is worth it. The last failure is thrown. */
  run<Result>(work: () => Promise<Result>, isWorthIt: (error: AuthError) => boolean): Promise<Result> {
    const attempt = (failed: number): Promise<Result> =>
      work().then(undefined, (error: AuthError) => {
        const tooLong = (error.retryAfter || 0) > RETRY_AFTER_MAX_SECONDS;
        if (failed >= PAUSES_MS.length || tooLong || !isWorthIt(error)) throw error;
        return this.pause(error, PAUSES_MS[failed]!).then(() => attempt(failed + 1));
      });
    return attempt(0);
  }

  private pause(error: AuthError, shortest: number): Promise<void> {
    const inBackground = this.platform.onAppShow && /interrupted/.test(error.message);
    const milliseconds = inBackground ? BACKGROUND_PAUSE_MS : Math.max(shortest, (error.retryAfter || 0) * 1000);
    return new Promise((resolve) => {
      const cancel = this.clock.after(milliseconds, resolve);
      this.wakeAll.push(() => {
        cancel();
        resolve();
      });
    });
  }
}

/** One at a time: whoever comes while it goes on waits for the same result. */
export class Flight<Result> {
  private current: Promise<Result> | null = null;

  get isUnderWay(): boolean {
    return this.current !== null;
  }

  join(start: () => Promise<Result>): Promise<Result> {
    if (!this.current) {
      const landed = (): void => {
        this.current = null;
      };
      this.current = start();
      this.current.then(landed, landed);
    }
    return this.current;
  }
}
