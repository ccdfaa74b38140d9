/** The WeChat identity that a ticket stood for, once it is linked. */
export interface LinkedByTicket {
  readonly identityId: string;
  readonly appId: string;
}

/** Links the WeChat identity behind a registration ticket to whoever has just proved by other means who they are. */
export abstract class TicketLinking {
  /**
   * Runs the step that proves who somebody is, if the ticket could be honoured now; otherwise it is not run, so that no
   * one-time code is spent in vain. A wrong proof counts against the ticket.
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
