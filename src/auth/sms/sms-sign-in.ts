import { Injectable } from '@nestjs/common';
import type { PhoneNumber } from '../../users/phone-number.js';
import { PhoneLinking } from '../../users/phone-linking.js';
import { OrdinarySignIn, type SignInPlace } from '../sign-in/ordinary-sign-in.js';
import type { SignedInDto } from '../sign-in/signed-in.dto.js';
import { OneTimeCodes } from './one-time-codes.js';

/** Signs in whoever holds a phone number. */
@Injectable()
export class SmsSignIn {
  constructor(
    private readonly ordinary: OrdinarySignIn,
    private readonly codes: OneTimeCodes,
    private readonly phoneLinking: PhoneLinking,
  ) {}

  /**
   * Of two sign-ins with one code, one succeeds.
   *
   * @throws AppError OTP_INVALID, RATE_LIMITED, FORBIDDEN; with the right code only: USER_DISABLED, PHONE_ALREADY_LINKED,
   *   TICKET_INVALID
   */
  async signIn(number: PhoneNumber, code: string, place: SignInPlace): Promise<SignedInDto> {
    await this.ordinary.demandTicket(place.ticket);
    await this.codes.spend(number, code);
    const { userId, isNewUser } = await this.phoneLinking.resolve(number, place);
    return this.ordinary.signIn({ userId, isNewUser, amr: ['sms'] }, place);
  }
}
