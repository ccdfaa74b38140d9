import { Injectable } from '@nestjs/common';
import type { Queries } from '../database/statement.js';
import type { MergeUndo } from './merge-undo.js';
import { MergesRepository } from './merges.repository.js';
import { PhoneVault } from './phone-vault.js';
import { UserMergingRepository, type LockedUser } from './user-merging.repository.js';

/** Why a merge cannot be undone. Its message is for an operator and names no personal value. */
export class UnmergeContradiction extends Error {}

/** Makes two users again of one. What concerns their sessions is the caller's. */
@Injectable()
export class UserUnmerging {
  constructor(
    private readonly repository: UserMergingRepository,
    private readonly merges: MergesRepository,
    private readonly phones: PhoneVault,
  ) {}

  /**
   * Restores a user who was absorbed, within the caller's transaction, and takes back from the survivor what came from
   * there. What the survivor has changed since stays. Answers who the survivor is.
   *
   * @throws UnmergeContradiction - nothing is remembered of such a merge (any more), or something has happened since that
   *   leaves no whole account to restore. Undoes the caller's transaction
   */
  async undoWithin(transaction: Queries, absorbedId: string): Promise<string> {
    const merge = await this.merges.take(transaction, absorbedId);
    if (!merge)
      throw new UnmergeContradiction('No merge of this user is remembered: there was none, or it is too old.');
    const { survivorId, undo } = merge;
    const locked = await this.repository.lock(transaction, [survivorId, absorbedId]);
    const survivor = locked.find(({ id }) => id === survivorId);
    const absorbed = locked.find(({ id }) => id === absorbedId);
    if (absorbed?.mergedInto !== survivorId || !survivor || survivor.status === 'erased') {
      throw new UnmergeContradiction('The surviving account was erased or merged since; undo that merge first.');
    }
    await this.restoreIdentities(transaction, survivorId, absorbedId, undo);
    await this.repository.revive(transaction, absorbedId, undo.absorbed.roles);
    await this.restoreAbsorbed(transaction, absorbedId, undo);
    await this.restoreSurvivor(transaction, survivor, undo);
    if (undo.followers.length > 0) await this.repository.follow(transaction, survivorId, absorbedId, undo.followers);
    return survivorId;
  }

  private async restoreIdentities(
    transaction: Queries,
    survivorId: string,
    absorbedId: string,
    { moved, dropped }: MergeUndo,
  ): Promise<void> {
    const back = await this.repository.moveIdentities(transaction, moved, survivorId, absorbedId);
    if (back !== moved.length) {
      throw new UnmergeContradiction('The survivor has given up an identity that came with the merge.');
    }
    for (const identity of dropped) {
      const restored = await this.repository.restoreIdentity(transaction, { ...identity, userId: absorbedId });
      if (!restored)
        throw new UnmergeContradiction(`The ${identity.kind} of the absorbed account is somebody else's now.`);
    }
  }

  private async restoreAbsorbed(transaction: Queries, absorbedId: string, { absorbed }: MergeUndo): Promise<void> {
    const { phone, ...rest } = absorbed;
    const phoneSealed = phone === null ? null : this.phones.seal(absorbedId, { e164: phone });
    await this.repository.setBelongings(transaction, absorbedId, { ...rest, phoneSealed });
  }

  private async restoreSurvivor(
    transaction: Queries,
    survivor: LockedUser,
    { absorbed, given }: MergeUndo,
  ): Promise<void> {
    const before = given.passwordBefore;
    const hasGivenPassword = before !== null && survivor.passwordVersion === before.passwordVersion + 1;
    await this.repository.setBelongings(transaction, survivor.id, {
      nickname: given.nickname && survivor.nickname === absorbed.nickname ? null : survivor.nickname,
      avatarUrl: given.avatarUrl && survivor.avatarUrl === absorbed.avatarUrl ? null : survivor.avatarUrl,
      phoneSealed: given.phone ? null : survivor.phoneSealed,
      phoneProvedAt: given.phone ? null : survivor.phoneProvedAt,
      passwordHash: hasGivenPassword ? before.passwordHash : survivor.passwordHash,
      passwordVersion: hasGivenPassword ? survivor.passwordVersion + 1 : survivor.passwordVersion,
    });
  }
}
