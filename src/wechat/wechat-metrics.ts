import { Counter, Gauge, Histogram } from 'prom-client';

/** Calls of WeChat by api and outcome: an errcode known in that call, `unknown` for any other, `unreachable` or `unbelievable`. */
export const wechatCalls = new Histogram({
  name: 'wechat_call_seconds',
  help: 'Duration of calls to WeChat, by api and errcode (unreachable: no usable answer; unbelievable: one that API security refuses)',
  labelNames: ['api', 'outcome'] as const,
  buckets: [0.01, 0.03, 0.1, 0.3, 1, 3],
});

/** Calls of WeChat on their way, by app. */
export const wechatCallsInFlight = new Gauge({
  name: 'wechat_calls_in_flight',
  help: 'Calls to WeChat that have no answer yet, by app',
  labelNames: ['app'] as const,
});

/** Whether WeChat is asked at all, by app: 0 yes, 1 one call tries, 2 no. */
export const wechatBreakerState = new Gauge({
  name: 'wechat_breaker_state',
  help: 'Circuit breaker of the calls to WeChat, by app (0 closed, 1 half-open, 2 open)',
  labelNames: ['app'] as const,
  // Of several workers, the one that is worst off.
  aggregator: 'max',
});

/** Calls that were not made, by app: too many on their way, or the circuit breaker is open. */
export const wechatCallsHeldBack = new Counter({
  name: 'wechat_calls_held_back_total',
  help: 'Calls to WeChat that were not made, by app and reason (full, open)',
  labelNames: ['app', 'reason'] as const,
});
