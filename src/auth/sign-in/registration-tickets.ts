import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Cleaning, DELETION_CHUNK, untilFewer } from '../../database/cleaning.js';
import type { Queries } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/catalog.js';
import type { WechatIdentity } from '../../users/identity-linking.js';
import { RegistrationTicketsRepository, type OpenTicket } from './registration-tickets.repository.js';

const LIFE_SECONDS = 300;
const TICKET_BYTES = 32;
const CLEANING_MS = 600_000;

// A wrong proof counts against the ticket; an outage or a quota does not.
const COUNTED: ReadonlySet<ErrorCode> = new Set([
  'PHONE_CODE_REJECTED',
  'USER_DATA_UNREADABLE',
  'CREDENTIALS_INVALID',
  'OTP_INVALID',
]);

/**
 * Hands out tickets to people whom WeChat vouches for but who have no account yet.
 *
 * A ticket is 256 random bits and says nothing by itself; it lives 5 minutes, is spent by success, and ends with its fifth
 * failure.
 */
@Injectable()
export class RegistrationTickets {
  constructor(
    private readonly repository: RegistrationTicketsRepository,
    cleaning: Cleaning,
  ) {
    cleaning.add({
      name: 'registration tickets',
      everyMs: CLEANING_MS,
      chunks: () => untilFewer(DELETION_CHUNK, () => repository.deleteDead()),
    });
  }

  async issue(identity: WechatIdentity): Promise<{ ticket: string; ticketExpiresIn: number }> {
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    await this.repository.insert(hashOf(ticket), identity, LIFE_SECONDS);
    return { ticket, ticketExpiresIn: LIFE_SECONDS };
  }

  /** @throws AppError TICKET_INVALID - unknown, expired, spent, or failed too often; which of them is not told */
  async open(ticket: string): Promise<OpenTicket> {
    const open = await this.repository.findOpen(hashOf(ticket));
    if (!open) throw new AppError('TICKET_INVALID');
    return open;
  }

  /** Runs a step that may fail for want of a right proof, and counts such a failure against the ticket. */
  async attempt<Result>(ticket: OpenTicket, step: () => Promise<Result>): Promise<Result> {
    try {
      return await step();
    } catch (error) {
      if (error instanceof AppError && COUNTED.has(error.code)) await this.repository.countFailure(ticket.id);
      throw error;
    }
  }

  /** Spends a ticket with the caller's transaction. @throws AppError TICKET_INVALID - somebody else was first */
  async spend(transaction: Queries, ticket: OpenTicket): Promise<void> {
    if (!(await this.repository.spend(transaction, ticket.id))) throw new AppError('TICKET_INVALID');
  }
}

function hashOf(ticket: string): Buffer {
  return createHash('sha256').update(ticket).digest();
}
