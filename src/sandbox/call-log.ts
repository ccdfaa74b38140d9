import type { SandboxApi } from './wechat-answer.js';

/** A call that reached the sandbox: enough to count and to blame, and nothing secret. */
export interface SandboxCall {
  readonly api: SandboxApi;
  /** null when the caller named no app that exists here. */
  readonly appId: string | null;
  /** By the sandbox's clock, ISO 8601. */
  readonly at: string;
  /** What WeChat made of it, 0 for a success, whether or not the answer arrived. */
  readonly errcode: number;
}

const CALLS_KEPT = 10_000;

/** The last 10,000 calls, oldest first. */
export class CallLog {
  private calls: SandboxCall[] = [];

  add(call: SandboxCall): void {
    this.calls.push(call);
    if (this.calls.length > CALLS_KEPT) this.calls.shift();
  }

  list(api?: SandboxApi): SandboxCall[] {
    return this.calls.filter((call) => api === undefined || call.api === api);
  }

  clear(): void {
    this.calls = [];
  }
}
