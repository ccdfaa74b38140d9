import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { KeyRing } from '../tokens/key-ring.js';
import { SignInLimits } from './sign-in-limits.js';
import { SignInRefusals } from './sign-in-refusals.js';

/** Where a sign-in comes from. */
export interface SignInOrigin {
  /** null where only a ticket knows it. */
  readonly appId: string | null;
  readonly traceId: string | null;
  /** As the HTTP server knows it. */
  readonly address: string | undefined;
}

/** What every sign-in but that by a code of WeChat's passes: limits by address before, the record of a refusal after. */
@Injectable()
export class SignInGate {
  constructor(
    private readonly keys: KeyRing,
    private readonly limits: SignInLimits,
    private readonly refusals: SignInRefusals,
  ) {}

  /** Signs in, unless the address has guessed too often. @throws AppError RATE_LIMITED, SERVICE_UNAVAILABLE */
  async pass<Result>({ appId, traceId, address }: SignInOrigin, signIn: () => Promise<Result>): Promise<Result> {
    // No one-time code is spent while nobody could be signed in.
    if (!this.keys.isLoaded) throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'keys not loaded' } });
    await this.limits.admit(address);
    try {
      return await signIn();
    } catch (error) {
      await this.limits.failed(error, address);
      this.refusals.note(error, { appId, traceId });
      throw error;
    }
  }
}
