import type { SmsMessage, SmsProvider } from './sms-provider.js';

/** Writes codes to standard output, for developers to read. No log has them, and production never uses it. */
export class ConsoleSmsProvider implements SmsProvider {
  send({ phone, code, validMinutes }: SmsMessage): Promise<void> {
    process.stdout.write(`[sms] to ${phone}: your code is ${code}, good for ${validMinutes} minutes\n`);
    return Promise.resolve();
  }
}
