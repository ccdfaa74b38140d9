import { once } from 'node:events';
import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { smsMessages } from './sms-metrics.js';
import { SMS_PROVIDER, type SmsMessage, type SmsProvider } from './sms-provider.js';

const LONGEST_MS = 5000;
const ERROR_NAME = /^[A-Za-z]{1,40}$/;

/** Hands codes to the provider, and waits for it only so long. */
@Injectable()
export class SmsDelivery {
  constructor(@Inject(SMS_PROVIDER) private readonly provider: SmsProvider | null) {}

  /** @throws AppError FORBIDDEN - this installation has no provider, so nobody signs in by SMS */
  demandProvider(): SmsProvider {
    if (this.provider) return this.provider;
    throw new AppError('FORBIDDEN', { detail: 'Sign-in by SMS is not set up on this server.' });
  }

  /** @throws AppError FORBIDDEN; SERVICE_UNAVAILABLE - the provider did not take the message, or not in time */
  async deliver(message: SmsMessage): Promise<void> {
    const provider = this.demandProvider();
    const signal = AbortSignal.timeout(LONGEST_MS);
    const tooLate = once(signal, 'abort').then(() => Promise.reject(new Error('no answer in time')));
    try {
      await Promise.race([provider.send(message, signal), tooLate]);
      smsMessages.inc({ outcome: 'taken' });
    } catch (error) {
      smsMessages.inc({ outcome: 'failed' });
      // An error of a foreign library may quote the number and the code, so only its name is kept.
      const name = error instanceof Error && ERROR_NAME.test(error.name) ? error.name : 'unknown';
      const context = { reason: 'the SMS provider failed', error: name, late: signal.aborted };
      throw new AppError('SERVICE_UNAVAILABLE', { context, retryAfterSeconds: 5 });
    }
  }
}
