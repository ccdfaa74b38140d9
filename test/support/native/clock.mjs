/** Sets the clock of this process, tests and servers alike, ahead while `work` runs; timers run on. */
export function withClockAheadBy(ms, work) {
  const { now } = Date;
  return withClock(() => now() + ms, work);
}

/** Stops the clock of this process at an instant, in milliseconds since 1970, while `work` runs; timers run on. */
export function withClockAt(instant, work) {
  return withClock(() => instant, work);
}

async function withClock(now, work) {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...values) {
      super(...(values.length === 0 ? [now()] : values));
    }

    static now() {
      return now();
    }
  };
  try {
    return await work();
  } finally {
    globalThis.Date = RealDate;
  }
}
