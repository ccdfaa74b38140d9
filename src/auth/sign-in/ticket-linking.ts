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
   * Runs the step that proves who somebody is, if the ticket could be honoured now. A wrong proof counts against it.
   *
   * @throws AppError TICKET_INVALID, and what the step throws
   */
  abstract attempt<Result>(ticket: string, step: () => Promise<Result>): Promise<Result>;

  /**
   * Links, and spends the ticket, as one.
   *
   * @throws AppError TICKET_INVALID, IDENTITY_ALREADY_LINKED
   */
  abstract link(ticket: string, userId: string, traceId: string | null): Promise<LinkedByTicket>;
}
