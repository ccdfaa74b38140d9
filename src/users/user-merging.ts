import { Injectable } from '@nestjs/common';
import type { Queries } from '../database/statement.js';
import { AppError } from '../errors/app-error.js';
import type { OpenMergeTicket } from './merge-tickets.repository.js';
import type { MergeUndo } from './merge-undo.js';
import { MergesRepository } from './merges.repository.js';
import { PhoneVault } from './phone-vault.js';
import { planMerge, survivorFirst, type HeldIdentity, type MergePlan } from './plan-merge.js';
import { UserMergingRepository, type LockedUser } from './user-merging.repository.js';

/** Who is who after a merge. */
export interface MergedUsers {
  readonly survivorId: string;
  readonly absorbedId: string;
}

/** Makes one user of two. What concerns their sessions is the caller's. */
@Injectable()
export class UserMerging {
  constructor(
    private readonly repository: UserMergingRepository,
    private readonly merges: MergesRepository,
    private readonly phones: PhoneVault,
  ) {}

  /**
   * Merges the two users of a ticket within the caller's transaction, which holds both until it ends.
   *
   * The older survives and gets every openid and unionid, and what it had none of itself: phone, username with password,
   * nickname, avatar. Roles never move. The absorbed is left empty and erased, and its id leads to the survivor.
   *
   * @throws AppError TICKET_INVALID - the other account has not what was proved any more; FORBIDDEN - it is disabled;
   *   USER_DISABLED, SESSION_EXPIRED - the caller's is, or is gone. Each undoes the caller's transaction
   */
  async mergeWithin(transaction: Queries, ticket: OpenMergeTicket): Promise<MergedUsers> {
    const [caller, other, held] = await this.lockPair(transaction, ticket);
    const [survivor, absorbed] = survivorFirst(caller, other);
    const plan = planMerge(survivor, absorbed, held);
    const phone = absorbed.phoneSealed && this.phones.open(absorbed.id, absorbed.phoneSealed).e164;

    await this.repository.retire(transaction, absorbed.id, survivor.id);
    await this.repository.removeIdentities(transaction, plan.dropped);
    const ids = plan.moved.map(({ id }) => id);
    await this.repository.moveIdentities(transaction, ids, absorbed.id, survivor.id);
    await this.give(transaction, survivor, absorbed, { plan, phone });
    const followers = await this.repository.follow(transaction, absorbed.id, survivor.id);

    const undo = undoOf(survivor, absorbed, { plan, phone, followers });
    const { provedBy } = ticket;
    await this.merges.insert(transaction, { absorbedId: absorbed.id, survivorId: survivor.id, provedBy, undo });
    return { survivorId: survivor.id, absorbedId: absorbed.id };
  }

  /**
   * Holds the two users of a ticket, when both are active and the other still has what was proved.
   *
   * @throws AppError as `mergeWithin`
   */
  async lockPair(
    transaction: Queries,
    { userId, otherUserId, provedIdentityId }: OpenMergeTicket,
  ): Promise<[caller: LockedUser, other: LockedUser, held: HeldIdentity[]]> {
    const pair = [userId, otherUserId];
    const locked = await this.repository.lock(transaction, pair);
    const caller = locked.find(({ id }) => id === userId);
    const other = locked.find(({ id }) => id === otherUserId);
    if (!caller || caller.status === 'erased') throw new AppError('SESSION_EXPIRED', { context: { userId } });
    if (caller.status === 'disabled') throw new AppError('USER_DISABLED', { context: { userId } });
    if (other?.status === 'disabled') throw new AppError('FORBIDDEN', { context: { userId, otherUserId } });

    const held = await this.repository.identitiesOf(transaction, pair);
    const isStillTheirs = held.some((identity) => identity.id === provedIdentityId && identity.userId === otherUserId);
    if (!other || other === caller || !isStillTheirs) throw new AppError('TICKET_INVALID', { context: { userId } });
    return [caller, other, held];
  }

  private async give(
    transaction: Queries,
    survivor: LockedUser,
    absorbed: LockedUser,
    { plan: { gives }, phone }: { readonly plan: MergePlan; readonly phone: string | null },
  ): Promise<void> {
    const resealed = phone === null ? null : this.phones.seal(survivor.id, { e164: phone });
    await this.repository.setBelongings(transaction, survivor.id, {
      nickname: gives.nickname ? absorbed.nickname : survivor.nickname,
      avatarUrl: gives.avatarUrl ? absorbed.avatarUrl : survivor.avatarUrl,
      phoneSealed: gives.phone ? resealed : survivor.phoneSealed,
      phoneProvedAt: gives.phone ? absorbed.phoneProvedAt : survivor.phoneProvedAt,
      passwordHash: gives.password ? absorbed.passwordHash : survivor.passwordHash,
      passwordVersion: gives.password ? survivor.passwordVersion + 1 : survivor.passwordVersion,
    });
  }
}

function undoOf(
  survivor: LockedUser,
  absorbed: LockedUser,
  {
    plan: { moved, dropped, gives },
    phone,
    followers,
  }: { readonly plan: MergePlan; readonly phone: string | null; readonly followers: readonly string[] },
): MergeUndo {
  const { nickname, avatarUrl, phoneProvedAt, passwordHash, passwordVersion, roles } = absorbed;
  const before = { passwordHash: survivor.passwordHash, passwordVersion: survivor.passwordVersion };
  return {
    absorbed: { nickname, avatarUrl, phone, phoneProvedAt, passwordHash, passwordVersion, roles },
    moved: moved.map(({ id }) => id),
    dropped: dropped.map(({ id, kind, issuer, subject }) => ({ id, kind, issuer, subject })),
    followers,
    given: {
      nickname: gives.nickname,
      avatarUrl: gives.avatarUrl,
      phone: gives.phone,
      passwordBefore: gives.password ? before : null,
    },
  };
}
