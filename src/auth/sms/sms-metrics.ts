import { Counter } from 'prom-client';

/** Codes handed to the SMS provider: `taken` by it, or `failed`. */
export const smsMessages = new Counter({
  name: 'sms_messages_total',
  help: 'One-time codes handed to the SMS provider, by outcome (taken, failed)',
  labelNames: ['outcome'] as const,
});
