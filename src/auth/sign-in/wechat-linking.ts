import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import { namesOf } from '../../users/identity-linking.js';
import { MergeTickets } from '../../users/merge-tickets.js';
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
    private readonly mergeTickets: MergeTickets,
  ) {
    super();
  }

  /**
   * Links a WeChat identity to the caller, whose session speaks for it from now on. Linking it again changes nothing.
   *
   * @throws AppError IDENTITY_ALREADY_LINKED - it is somebody else's; unless that account is disabled the problem carries a
   *   ticket to merge with it
   */
  async linkTo({ userId, sessionId }: Principal, identity: VerifiedIdentity, traceId: string | null): Promise<void> {
    try {
      await this.database.transaction(async (transaction) => {
        const identityId = await this.identities.attach(transaction, userId, identity, traceId);
        await this.sessions.speakFor(transaction, sessionId, identityId);
      });
    } catch (error) {
      const isTaken = error instanceof AppError && error.code === 'IDENTITY_ALREADY_LINKED';
      throw isTaken ? await this.conflict(userId, identity) : error;
    }
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

  private async conflict(userId: string, identity: VerifiedIdentity): Promise<AppError> {
    const context = { userId };
    const holder = await this.identities.findHolder(identity);
    if (holder?.matched !== 'wechat_openid' || holder.status !== 'active' || holder.id === userId) {
      return new AppError('IDENTITY_ALREADY_LINKED', { context });
    }
    // The code that brought the identity here proves the account that it leads to.
    const proposal = { userId, otherUserId: holder.id, fullProof: true, with: 'openid' } as const;
    const extensions = await this.mergeTickets.offer({ ...proposal, identity: namesOf(identity).openid });
    return new AppError('IDENTITY_ALREADY_LINKED', { context, extensions });
  }
}
