import { AppError } from '../errors/app-error.js';
import { wechatBreakerState, wechatCallsHeldBack, wechatCallsInFlight } from './wechat-metrics.js';

/** How a call ended, as far as it tells whether WeChat is there. */
export type CallEnding = 'answered' | 'failed';

/** The right to make one call; `leave` must be called once when it has ended. */
export interface GatePass {
  leave(ending: CallEnding): void;
}

type BreakerState = 'closed' | 'half-open' | 'open';

/** What `wechat_breaker_state` shows. */
const SHOWN: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

/** At WeChat's usual tenth of a second these are some 2,500 calls a second; its quotas end at a few hundred. */
export const IN_FLIGHT_MAX = 256;
// A restart of a proxy or a short loss of packets costs a few calls, an outage all of them.
const FAILURES_TO_OPEN = 10;
const OPEN_MS = 5000;
const FULL_RETRY_SECONDS = 1;

/**
 * Lets the calls of one app through to WeChat, or refuses them at once where they would only wait in vain.
 *
 * Opens its circuit breaker after 10 failed calls in a row, for 5 seconds; then one call tries, and its ending decides. What
 * began before the breaker last changed its state has no say. Concerns one process: each instance finds out by itself.
 */
export class AppGate {
  private inFlight = 0;
  private failures = 0;
  private state: BreakerState = 'closed';
  private opensUntil = 0;
  // Counts the changes of state, so that late endings can be told from those that matter.
  private era = 0;

  /** @param now milliseconds of a clock that never goes back */
  constructor(
    private readonly appId: string,
    private readonly now: () => number = () => performance.now(),
  ) {
    wechatBreakerState.set({ app: appId }, SHOWN.closed);
  }

  /** @throws AppError WECHAT_UNAVAILABLE - too many calls are on their way, or WeChat fails; with the seconds to wait */
  enter(): GatePass {
    const opensIn = this.opensUntil - this.now();
    if (this.state === 'half-open' || (this.state === 'open' && opensIn > 0))
      throw this.heldBack('open', opensIn / 1000);
    if (this.inFlight >= IN_FLIGHT_MAX) throw this.heldBack('full', FULL_RETRY_SECONDS);
    if (this.state === 'open') this.change('half-open');

    this.inFlight += 1;
    wechatCallsInFlight.inc({ app: this.appId });
    const { era } = this;
    return { leave: (ending) => this.leave(ending, era) };
  }

  private leave(ending: CallEnding, era: number): void {
    this.inFlight -= 1;
    wechatCallsInFlight.dec({ app: this.appId });
    if (era !== this.era) return;
    this.failures = ending === 'failed' ? this.failures + 1 : 0;
    if (ending === 'answered' && this.state === 'half-open') this.change('closed');
    if (ending === 'failed' && (this.state === 'half-open' || this.failures >= FAILURES_TO_OPEN)) {
      this.opensUntil = this.now() + OPEN_MS;
      this.change('open');
    }
  }

  private change(state: BreakerState): void {
    this.state = state;
    this.failures = 0;
    this.era += 1;
    wechatBreakerState.set({ app: this.appId }, SHOWN[state]);
  }

  private heldBack(reason: 'full' | 'open', seconds: number): AppError {
    wechatCallsHeldBack.inc({ app: this.appId, reason });
    return new AppError('WECHAT_UNAVAILABLE', {
      context: { appId: this.appId, reason: reason === 'full' ? 'too many calls in flight' : 'circuit breaker open' },
      retryAfterSeconds: Math.max(1, Math.ceil(seconds)),
    });
  }
}
