import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { WechatIdentities } from '../../users/wechat-identities.js';
import type { VerifiedIdentity } from '../../wechat/wechat-login.js';
import type { Principal } from '../access/principal.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';
import { RegistrationTickets } from './registration-tickets.js';
import { TicketLinking, type LinkedByTicket } from './ticket-linking.js';

/** Links WeChat identities to people who are signed in, or who have just proved by other means who they are. */
@Injectable()
export class WechatLinking extends TicketLinking {
  constructor(
    private readonly database: Database,
    private readonly identities: WechatIdentities,
    private readonly sessions: SessionsRepository,
    private readonly tickets: RegistrationTickets,
  ) {
    super();
  }

  /**
   * Links a WeChat identity to the caller, whose session speaks for it from now on. Linking it again changes nothing.
   *
   * @throws AppError IDENTITY_ALREADY_LINKED - it is somebody else's
   */
  async linkTo({ userId, sessionId }: Principal, identity: VerifiedIdentity, traceId: string | null): Promise<void> {
    await this.database.transaction(async (transaction) => {
      const identityId = await this.identities.attach(transaction, userId, identity, traceId);
      await this.sessions.speakFor(transaction, sessionId, identityId);
    });
  }

  override async attempt<Result>(ticket: string, step: () => Promise<Result>): Promise<Result> {
    return this.tickets.attempt(await this.tickets.open(ticket), step);
  }

  override async link(ticketText: string, userId: string, traceId: string | null): Promise<LinkedByTicket> {
    const ticket = await this.tickets.open(ticketText);
    const identityId = await this.database.transaction(async (transaction) => {
      await this.tickets.spend(transaction, ticket);
      return this.identities.attach(transaction, userId, ticket.identity, traceId);
    });
    return { identityId: identityId!, appId: ticket.identity.appId };
  }
}
