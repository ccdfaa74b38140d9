import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Queries } from '../database/statement.js';
import { AppError, type ProblemExtensions } from '../errors/app-error.js';
import type { IdentityName } from './identities.repository.js';
import type { MergeGround } from './merge-ticket.entity.js';
import { MergeTicketsRepository, type OpenMergeTicket } from './merge-tickets.repository.js';
import type { PhoneNumber } from './phone-number.js';
import { PhoneVault } from './phone-vault.js';

/** Somebody who is signed in and has just proved to hold what another account holds. */
export type MergeProposal = {
  readonly userId: string;
  readonly otherUserId: string;
  /** Whether what was proved proves the other account as a whole, so that the two may become one. */
  readonly fullProof: boolean;
} & (
  | { readonly with: 'phone'; readonly phone: PhoneNumber }
  | { readonly with: 'unionid' | 'openid'; readonly identity: IdentityName }
);

/** A ticket as its person gets it. */
export interface ProposedMerge {
  /** A secret. */
  readonly ticket: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly with: MergeGround;
}

const LIFE_SECONDS = 600;
const TICKET_BYTES = 32;

/**
 * Hands out tickets that permit to merge two accounts, or to claim a phone number: two accounts are never merged unasked.
 *
 * A ticket is 256 random bits and says nothing by itself. It lives 10 minutes, serves one person, is spent by success, and
 * ends with its fifth failure.
 */
@Injectable()
export class MergeTickets {
  constructor(
    private readonly repository: MergeTicketsRepository,
    private readonly phones: PhoneVault,
  ) {}

  /** Issues a ticket for something that was proved just now. */
  async propose(proposal: MergeProposal): Promise<ProposedMerge> {
    const { userId, otherUserId, fullProof, with: provedBy } = proposal;
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    const phone = proposal.with === 'phone' ? proposal.phone : null;
    const proved = proposal.with === 'phone' ? await this.phones.identityOf(proposal.phone) : proposal.identity;
    await this.repository.insert(
      { id: uuidv7(), ticketHash: hashOf(ticket), userId, otherUserId, provedBy, proved, fullProof, phone },
      LIFE_SECONDS,
    );
    return { ticket, expiresIn: LIFE_SECONDS, with: provedBy };
  }

  /** The same, in the members of a problem. */
  async offer(proposal: MergeProposal): Promise<ProblemExtensions> {
    const { ticket, expiresIn } = await this.propose(proposal);
    return { mergeTicket: ticket, mergeTicketExpiresIn: expiresIn };
  }

  /**
   * Finds the ticket that this user presents.
   *
   * @throws AppError TICKET_INVALID - unknown, expired, spent, failed too often, or somebody else's; not told apart
   */
  async open(ticket: string, userId: string): Promise<OpenMergeTicket> {
    const open = await this.repository.findOpen(hashOf(ticket));
    if (open?.userId === userId) return open;
    if (open) await this.repository.countFailure(open.id);
    throw new AppError('TICKET_INVALID', { context: { userId } });
  }

  /** Runs a step that may be refused, and counts a refusal against the ticket; an outage or a quota does not count. */
  async attempt<Result>(ticket: OpenMergeTicket, step: () => Promise<Result>): Promise<Result> {
    try {
      return await step();
    } catch (error) {
      if (isRefusal(error)) await this.repository.countFailure(ticket.id);
      throw error;
    }
  }

  /** Spends a ticket with the caller's transaction. @throws AppError TICKET_INVALID - somebody else was first */
  async spend(transaction: Queries, ticket: OpenMergeTicket): Promise<void> {
    if (!(await this.repository.spend(transaction, ticket.id))) throw new AppError('TICKET_INVALID');
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof AppError && error.entry.status < 500 && error.entry.status !== 429;
}

function hashOf(ticket: string): Buffer {
  return createHash('sha256').update(ticket).digest();
}
