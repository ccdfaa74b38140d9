import { AppError } from '../errors/app-error.js';
import type { SandboxApi } from './wechat-answer.js';

/** What can happen to an answer on its way. The call itself was carried out: a login code is spent all the same. */
export type SpoiledAnswer =
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'html' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'status'; readonly status: number };

/** Something that goes wrong. `errcode` is WeChat's refusal before anything was done; all others spoil the answer. */
export type Fault = SpoiledAnswer | { readonly kind: 'errcode'; readonly errcode: number };

/** The kinds of fault, for the rules of the control route. */
export const FAULT_KINDS = [
  'delay',
  'hang',
  'garbage',
  'html',
  'reset',
  'errcode',
  'status',
] as const satisfies readonly Fault['kind'][];

/** A fault and where it strikes. */
export type FaultOrder = Fault & {
  readonly api: SandboxApi | '*';
  /** How many calls it strikes, 1 unless told otherwise; 0 means every call until the faults are cleared. */
  readonly times?: number;
};

/** A fault that still waits for a call. `timesLeft` is null when only clearing ends it. */
export type FaultInForce = Fault & { readonly api: SandboxApi | '*'; readonly timesLeft: number | null };

// Far more than a test can oversee.
const WAITING_MAX = 1000;

/** The faults in force, oldest first. A call meets the oldest that fits, and only that one. */
export class Faults {
  private waiting: { readonly api: SandboxApi | '*'; readonly fault: Fault; timesLeft: number }[] = [];

  /** @throws AppError VALIDATION_FAILED when 1000 faults wait already */
  add({ api, times = 1, ...fault }: FaultOrder): void {
    if (this.waiting.length >= WAITING_MAX) {
      throw new AppError('VALIDATION_FAILED', { detail: `At most ${WAITING_MAX} faults can wait.` });
    }
    this.waiting.push({ api, fault, timesLeft: times === 0 ? Infinity : times });
  }

  /** Takes the fault that the next call of `api` meets, if any. */
  take(api: SandboxApi): Fault | null {
    const met = this.waiting.find((waiting) => waiting.api === '*' || waiting.api === api);
    if (!met) return null;
    met.timesLeft -= 1;
    if (met.timesLeft === 0) this.waiting = this.waiting.filter((waiting) => waiting !== met);
    return met.fault;
  }

  inForce(): FaultInForce[] {
    return this.waiting.map(({ api, fault, timesLeft }) => ({
      api,
      ...fault,
      timesLeft: timesLeft === Infinity ? null : timesLeft,
    }));
  }

  clear(): void {
    this.waiting = [];
  }
}
