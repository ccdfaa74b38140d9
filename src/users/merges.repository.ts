import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { statement, type Queries } from '../database/statement.js';
import type { MergeGround } from './merge-ticket.entity.js';
import { MergeUndoVault, type MergeUndo } from './merge-undo.js';

/** For how long a merge can be undone, and no longer is anything kept that tells what the absorbed account was. */
export const UNDO_DAYS = 30;

/** A merge as it is remembered. */
export interface NewMerge {
  readonly absorbedId: string;
  readonly survivorId: string;
  readonly provedBy: MergeGround;
  readonly undo: MergeUndo;
}

const insertMerge = statement<never>(
  'insert_merge',
  'insert into merges (absorbed_id, survivor_id, proved_by, undo_sealed) values ($1, $2, $3, $4)',
);

const takeMerge = statement<{ survivorId: string; sealed: Buffer }>(
  'take_merge',
  `delete from merges where absorbed_id = $1 and merged_at > now() - make_interval(days => ${UNDO_DAYS})
   returning survivor_id as "survivorId", undo_sealed as sealed`,
);

const deleteOldMerges = statement<{ absorbed_id: string }>(
  'delete_old_merges',
  `delete from merges where absorbed_id in (
     select absorbed_id from merges where merged_at < now() - make_interval(days => ${UNDO_DAYS})
     order by merged_at limit $1 for update skip locked)
   returning absorbed_id`,
);

/** The merges that can still be undone. */
@Injectable()
export class MergesRepository {
  constructor(
    private readonly database: Database,
    private readonly vault: MergeUndoVault,
  ) {}

  async insert(transaction: Queries, { absorbedId, survivorId, provedBy, undo }: NewMerge): Promise<void> {
    await transaction.query(insertMerge, [absorbedId, survivorId, provedBy, this.vault.seal(absorbedId, undo)]);
  }

  /** Takes the way back from a merge, with the caller's transaction; of two who want it one gets it. Null: there is none. */
  async take(transaction: Queries, absorbedId: string): Promise<{ survivorId: string; undo: MergeUndo } | null> {
    const [row] = await transaction.query(takeMerge, [absorbedId]);
    return row ? { survivorId: row.survivorId, undo: this.vault.open(absorbedId, row.sealed) } : null;
  }

  /** Deletes up to `limit` merges that can no longer be undone, and says how many. */
  async deleteOld(limit: number): Promise<number> {
    return (await this.database.query(deleteOldMerges, [limit])).length;
  }
}
