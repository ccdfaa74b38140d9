import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { IdentityLinking } from '../../users/identity-linking.js';
import type { PhoneProof } from '../../wechat/wechat-phones.js';
import { ProvedPhones } from '../proof/proved-phones.js';
import { PhoneRegistration } from './phone-registration.js';
import { RegistrationTickets } from './registration-tickets.js';
import type { SignedInDto } from './signed-in.dto.js';
import type { WechatRegisterDto } from './wechat-register.dto.js';
import { WechatSessionOpening } from './wechat-session-opening.js';

/** The request a registration came with. */
export interface SignUpRequest {
  readonly body: Pick<WechatRegisterDto, 'claimPhone' | 'device' | 'consent'>;
  readonly clientIp: string;
  readonly traceId: string | null;
}

/** Registers people by the phone number that WeChat vouches for, and signs them in. */
@Injectable()
export class PhoneSignUp {
  constructor(
    private readonly tickets: RegistrationTickets,
    private readonly provedPhones: ProvedPhones,
    private readonly registration: PhoneRegistration,
    private readonly linking: IdentityLinking,
    private readonly opening: WechatSessionOpening,
  ) {}

  /**
   * @throws AppError TICKET_INVALID, PHONE_CODE_REJECTED, USER_DATA_UNREADABLE, as `PhoneRegistration.register`, and what a
   *   call of WeChat may throw
   */
  async signUp(ticketText: string, proof: PhoneProof, request: SignUpRequest): Promise<SignedInDto> {
    const { clientIp, traceId, body } = request;
    const ticket = await this.tickets.open(ticketText);
    const { identity } = ticket;
    const number = await this.tickets.attempt(ticket, () => this.provedPhones.of(identity, ticket.id, proof));
    const isNewUser = await this.registration.register({
      ...{ ticket, number, consent: body.consent, clientIp, traceId },
      claimsPhone: body.claimPhone ?? false,
    });
    const resolution = await this.linking.find(identity, traceId);
    if (!resolution) throw new AppError('TICKET_INVALID', { context: { reason: 'withdrawn meanwhile' } });
    const place = { appId: identity.appId, device: body.device, traceId };
    return this.opening.open({ ...resolution, isNewUser }, place, () => this.linking.find(identity, traceId));
  }
}
