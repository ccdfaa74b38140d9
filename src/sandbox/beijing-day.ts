// WeChat's quotas start anew at midnight in Beijing, which is UTC+8 all year.
const DAY_MS = 86_400_000;
const BEIJING_OFFSET_MS = 8 * 3_600_000;

/** The day in Beijing at this time, as a number that grows by one at every midnight there. */
export function beijingDay(now: number): number {
  return Math.floor((now + BEIJING_OFFSET_MS) / DAY_MS);
}
