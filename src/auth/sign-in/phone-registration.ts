import { Injectable } from '@nestjs/common';
import { Database, Rollback } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import type { FoundRow, IdentityName } from '../../users/identities.repository.js';
import { PhoneHolders } from '../../users/phone-holders.js';
import type { PhoneNumber } from '../../users/phone-number.js';
import { WechatIdentities } from '../../users/wechat-identities.js';
import { RegistrationPolicy, type ConsentGiven } from './registration-policy.js';
import type { OpenTicket } from './registration-tickets.repository.js';
import { RegistrationTickets } from './registration-tickets.js';

/** Who is registering, and from where. */
export interface Registrant {
  readonly ticket: OpenTicket;
  readonly number: PhoneNumber;
  /** Says that the account which holds the number is somebody else's. */
  readonly claimsPhone: boolean;
  readonly consent: ConsentGiven | undefined;
  readonly clientIp: string;
  readonly traceId: string | null;
}

// Every attempt is lost only to somebody who wrote what the next one then reads; more than a few mean a fault.
const ATTEMPTS = 5;

/** Gives a WeChat identity without an account one: that of whoever holds the phone number proved just now, or a new one. */
@Injectable()
export class PhoneRegistration {
  constructor(
    private readonly database: Database,
    private readonly tickets: RegistrationTickets,
    private readonly policy: RegistrationPolicy,
    private readonly wechatIdentities: WechatIdentities,
    private readonly phones: PhoneHolders,
  ) {}

  /**
   * Registers, and spends the ticket, as one; answers whether somebody new came about.
   *
   * @throws AppError TICKET_INVALID, PHONE_ALREADY_LINKED - the number's account has other ways in and proved it long ago,
   *   and the person does not claim the number;
   *   IDENTITY_ALREADY_LINKED, USER_DISABLED, FORBIDDEN - nobody may register here; and as `RegistrationPolicy.admit`
   */
  async register(registrant: Registrant): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { phone, holder } = await this.phones.find(registrant.number);
      const isLastOwners = holder !== null && !this.phones.isFullProof(holder);
      if (isLastOwners) this.phones.demandClaim(holder, registrant.claimsPhone);
      const known = isLastOwners
        ? null
        : (holder ?? (await this.wechatIdentities.findHolder(registrant.ticket.identity)));
      if (known && (await this.join(known, registrant, phone))) return false;
      if (!known && (await this.create(registrant, phone, holder))) return true;
    }
    throw new AppError('SERVICE_UNAVAILABLE', { context: { reason: 'identity kept changing' }, retryAfterSeconds: 1 });
  }

  /** False when the account has given up what it was found by, or the number went to somebody else meanwhile. */
  private async join(account: FoundRow, registrant: Registrant, phone: IdentityName): Promise<boolean> {
    const { ticket, number, traceId } = registrant;
    if (account.status !== 'active') throw new AppError('USER_DISABLED', { context: { userId: account.id } });
    const joined = await this.database.transaction(async (transaction) => {
      await this.tickets.spend(transaction, ticket);
      const attached = await this.wechatIdentities.attachToFound(transaction, account, ticket.identity, traceId);
      if (attached === null) throw new Rollback();
      if ((await this.phones.give(transaction, account.id, number, phone)) !== account.id) throw new Rollback();
      return true;
    });
    return joined ?? false;
  }

  /** False when somebody else has one of the identities by now. */
  private async create(registrant: Registrant, phone: IdentityName, holder: FoundRow | null): Promise<boolean> {
    const { ticket, number, consent, clientIp, traceId } = registrant;
    const { identity } = ticket;
    if (this.policy.of(identity.appId) === 'never') throw new AppError('FORBIDDEN', { context: { reason: 'never' } });
    const policyVersion = await this.policy.admit(identity, consent, clientIp);
    const own = holder ? null : phone;
    const appearance = { appId: identity.appId, traceId };
    return this.wechatIdentities.createUser(identity, own, policyVersion, traceId, async (transaction, userId) => {
      await this.tickets.spend(transaction, ticket);
      await this.phones.hand(transaction, { userId, number, phone, from: holder?.id ?? null }, appearance);
    });
  }
}
