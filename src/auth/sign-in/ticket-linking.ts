import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';

/** The WeChat identity that a ticket stood for, once it is linked. */
export interface LinkedByTicket {
  readonly identityId: string;
  readonly appId: string;
}

/** Links the WeChat identity behind a registration ticket to whoever has just proved by other means who they are. */
export abstract class TicketLinking {
  /**
   * Comes back when the ticket could be honoured now; spends nothing. Asked before the proof is looked at, so that no
   * one-time code is spent in vain.
   *
   * @throws AppError TICKET_INVALID
   */
  abstract demand(ticket: string): Promise<void>;

  /**
   * Links, and spends the ticket, as one.
   *
   * @throws AppError TICKET_INVALID, IDENTITY_ALREADY_LINKED
   */
  abstract link(ticket: string, userId: string, traceId: string | null): Promise<LinkedByTicket>;
}

/** Where no tickets are issued, none is good. */
@Injectable()
export class NoTickets extends TicketLinking {
  override demand(_ticket: string): Promise<void> {
    return Promise.reject(new AppError('TICKET_INVALID'));
  }

  override link(_ticket: string, _userId: string, _traceId: string | null): Promise<LinkedByTicket> {
    return Promise.reject(new AppError('TICKET_INVALID'));
  }
}
