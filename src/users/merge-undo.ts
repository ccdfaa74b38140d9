import { Injectable } from '@nestjs/common';
import { Sealer } from '../crypto/sealer.js';
import { placeIn, type SealedColumn } from '../secrets/sealed-column.js';
import type { IdentityName } from './identities.repository.js';

/** Where the way back from a merge is sealed. */
export const MERGE_UNDO: SealedColumn = { table: 'merges', column: 'undo_sealed', key: { absorbed_id: 'uuid' } };

/** A password and how often it was changed. */
export interface PasswordState {
  readonly passwordHash: string | null;
  readonly passwordVersion: number;
}

/** What an account was before it was absorbed, and what its survivor got from it. */
export interface MergeUndo {
  readonly absorbed: PasswordState & {
    readonly nickname: string | null;
    readonly avatarUrl: string | null;
    /** E.164. */
    readonly phone: string | null;
    /** A timestamp in PostgreSQL's words. */
    readonly phoneProvedAt: string | null;
    readonly roles: readonly string[];
  };
  /** Ids of the identities that moved to the survivor. */
  readonly moved: readonly string[];
  /** Those for which the survivor had no room. */
  readonly dropped: readonly (IdentityName & { readonly id: string })[];
  /** Ids of users whom the absorbed had absorbed before. */
  readonly followers: readonly string[];
  readonly given: {
    readonly nickname: boolean;
    readonly avatarUrl: boolean;
    readonly phone: boolean;
    /** The survivor's own before it got the absorbed's; null when it kept it. */
    readonly passwordBefore: PasswordState | null;
  };
}

/** Seals and opens what it takes to undo a merge. */
@Injectable()
export class MergeUndoVault {
  constructor(private readonly sealer: Sealer) {}

  seal(absorbedId: string, undo: MergeUndo): Buffer {
    return this.sealer.seal(Buffer.from(JSON.stringify(undo), 'utf8'), placeIn(MERGE_UNDO, absorbedId));
  }

  /** @throws SealError - sealed with a master key that is not configured, or for another merge */
  open(absorbedId: string, sealed: Buffer): MergeUndo {
    return JSON.parse(this.sealer.open(sealed, placeIn(MERGE_UNDO, absorbedId)).toString('utf8')) as MergeUndo;
  }
}
