import { Histogram } from 'prom-client';

/** Calls of WeChat by api and outcome: an errcode, or `unreachable`. */
export const wechatCalls = new Histogram({
  name: 'wechat_call_seconds',
  help: 'Duration of calls to WeChat, by api and errcode (unreachable: no usable answer)',
  labelNames: ['api', 'outcome'] as const,
  buckets: [0.01, 0.03, 0.1, 0.3, 1, 3],
});
