declare function setTimeout(run: () => void, milliseconds: number): unknown;
declare function clearTimeout(timer: unknown): void;

/** The phone's clock. It may be wrong, and it may jump; nothing here believes it further than it must. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs something later, unless the answer is called before. */
  after(milliseconds: number, run: () => void): () => void;
}

export const PHONE_CLOCK: Clock = {
  now: () => Date.now(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
