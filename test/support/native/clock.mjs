/** Sets the clock of this process, tests and servers alike, ahead while `work` runs; timers run on. */
export async function withClockAheadBy(ms, work) {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...values) {
      super(...(values.length === 0 ? [RealDate.now() + ms] : values));
    }

    static now() {
      return RealDate.now() + ms;
    }
  };
  try {
    return await work();
  } finally {
    globalThis.Date = RealDate;
  }
}
