import type { Clock } from './clock.js';
import type { AuthError } from './errors.js';
import type { WxLike } from './platform.js';

/** Does something up to three times, as long as its failure is worth another try. The last failure is thrown. */
export type Retry = <Result>(work: () => Promise<Result>, isWorthIt: (error: AuthError) => boolean) => Promise<Result>;

// A person waits for it: three tries within a few seconds, then the app may say that it does not work now.
const PAUSES_MS = [1000, 3000];
const RETRY_AFTER_MAX_SECONDS = 5;

// What the background has interrupted is of no use before the app is back, which ends the pause.
const BACKGROUND_PAUSE_MS = 30_000;

export function retryBy(clock: Clock, platform: WxLike): Retry {
  let sleepers: (() => void)[] = [];
  if (platform.onAppShow) {
    platform.onAppShow(() => {
      const woken = sleepers;
      sleepers = [];
      woken.forEach((wake) => wake());
    });
  }
  return (work, isWorthIt) => {
    const attempt = (failed: number): ReturnType<typeof work> =>
      started(work).catch((error: AuthError) => {
        const pause = PAUSES_MS[failed];
        if (!pause || error.retryAfter > RETRY_AFTER_MAX_SECONDS || !isWorthIt(error)) throw error;
        const isHidden = platform.onAppShow && /interrupted/.test(error.message);
        return new Promise<void>((resolve) => {
          clock.after(isHidden ? BACKGROUND_PAUSE_MS : Math.max(pause, error.retryAfter * 1000), resolve);
          sleepers.push(resolve);
        }).then(() => attempt(failed + 1));
      });
    return attempt(0);
  };
}

/** What is thrown at once is a rejection as well. */
function started<Result>(work: () => Promise<Result>): Promise<Result> {
  return new Promise((resolve) => resolve(work()));
}

/** One at a time: whoever comes while it goes on waits for the same result. */
export function flight<Result>(): (start: () => Promise<Result>) => Promise<Result> {
  let current: Promise<Result> | null = null;
  return (start) => {
    if (!current) {
      const landed = (): void => {
        current = null;
      };
      current = start();
      current.then(landed, landed);
    }
    return current;
  };
}
