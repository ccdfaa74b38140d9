import { Injectable } from '@nestjs/common';
import type { PhoneNumber } from '../../users/phone-number.js';
import { PhoneLinking } from '../../users/phone-linking.js';
import { RegistrationPolicy, type ConsentGiven } from '../sign-in/registration-policy.js';
import { OrdinarySignIn, type SignInPlace } from '../sign-in/ordinary-sign-in.js';
import type { SignedInDto } from '../sign-in/signed-in.dto.js';
import { OneTimeCodes } from './one-time-codes.js';

/** What matters only if the number makes somebody a new user. */
export interface SmsRegistration {
  readonly consent: ConsentGiven | undefined;
  /** Says that the account which holds the number is somebody else's. */
  readonly claimsPhone: boolean;
}

/** Signs in whoever holds a phone number. */
@Injectable()
export class SmsSignIn {
  constructor(
    private readonly ordinary: OrdinarySignIn,
    private readonly codes: OneTimeCodes,
    private readonly phoneLinking: PhoneLinking,
    private readonly policy: RegistrationPolicy,
  ) {}

  /**
   * Of two sign-ins with one code, one succeeds.
   *
   * @throws AppError TICKET_INVALID, OTP_INVALID, RATE_LIMITED, FORBIDDEN; with the right code only: USER_DISABLED, PHONE_ALREADY_LINKED; and of
   *   somebody new VALIDATION_FAILED - the consent to the current policy is missing
   */
  async signIn(
    number: PhoneNumber,
    code: string,
    { consent, claimsPhone }: SmsRegistration,
    place: SignInPlace,
  ): Promise<SignedInDto> {
    await this.ordinary.prove(place.ticket, () => this.codes.spend(number, code));
    const admit = () => this.policy.admitByPhone(place.appId, consent);
    const { userId, isNewUser } = await this.phoneLinking.resolve({ number, claimsPhone }, place, admit);
    return this.ordinary.signIn({ userId, isNewUser, amr: ['sms'] }, place);
  }
}
