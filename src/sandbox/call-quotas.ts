import { beijingDay } from './beijing-day.js';
import type { SandboxApi } from './wechat-answer.js';

/** How often one app may make a call; null is as often as it likes. */
export interface CallQuota {
  readonly minute: number | null;
  readonly day: number | null;
}

const UNLIMITED: CallQuota = { minute: null, day: null };

// The pages of getStableAccessToken, ResetUserSessionKey and msgSecCheck. Those of the other calls name no quota of an app.
const PUBLISHED: readonly (readonly [SandboxApi, CallQuota])[] = [
  ['stable_token', { minute: 10_000, day: 500_000 }],
  ['resetusersessionkey', { minute: 60_000, day: null }],
  ['msg_sec_check', { minute: 4000, day: 2_000_000 }],
];

const MINUTE_MS = 60_000;

interface Count {
  minute: number;
  inMinute: number;
  day: number;
  onDay: number;
}

/** Counts the calls of every app, by the minute and by the day in Beijing. Calls that are refused do not count. */
export class CallQuotas {
  private quotas = new Map<SandboxApi, CallQuota>(PUBLISHED);
  private counts = new Map<string, Count>();

  /** Counts a call, or says which quota it would exceed: 45009 that of the day, 45011 that of the minute. */
  take(api: SandboxApi, appId: string, now: number): 45009 | 45011 | null {
    const quota = this.quotas.get(api) ?? UNLIMITED;
    const count = this.countOf(api, appId, now);
    if (quota.day !== null && count.onDay >= quota.day) return 45009;
    if (quota.minute !== null && count.inMinute >= quota.minute) return 45011;
    count.onDay += 1;
    count.inMinute += 1;
    return null;
  }

  /** Sets how often every app may make this call. What was counted so far counts. */
  set(api: SandboxApi, quota: CallQuota): void {
    this.quotas.set(api, quota);
  }

  /** The calls that have a quota. */
  list(): (CallQuota & { readonly api: SandboxApi })[] {
    return [...this.quotas].map(([api, quota]) => ({ api, ...quota }));
  }

  /** Goes back to the quotas that WeChat publishes, and counts from zero. */
  reset(): void {
    this.quotas = new Map(PUBLISHED);
    this.counts = new Map();
  }

  private countOf(api: SandboxApi, appId: string, now: number): Count {
    const key = `${api} ${appId}`;
    const [minute, day] = [Math.floor(now / MINUTE_MS), beijingDay(now)];
    const count = this.counts.get(key) ?? { minute, inMinute: 0, day, onDay: 0 };
    if (count.minute !== minute) Object.assign(count, { minute, inMinute: 0 });
    if (count.day !== day) Object.assign(count, { day, onDay: 0 });
    this.counts.set(key, count);
    return count;
  }
}
