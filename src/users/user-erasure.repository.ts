import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { statement, type Queries } from '../database/statement.js';
import type { IdentityName } from './identities.repository.js';

const eraseUser = statement<{ id: string }>(
  'erase_user',
  `update users set status = 'erased', nickname = null, avatar_url = null, phone_sealed = null, phone_proved_at = null,
     password_hash = null, roles = '{}', updated_at = now()
   where id = $1 and status <> 'erased' returning id`,
);

const removeIdentities = statement<IdentityName>(
  'remove_identities_of_user',
  'delete from identities where user_id = $1 returning kind, issuer, subject',
);

// What undoing a merge would bring back is as personal as the rest. Whoever was merged into the person leads to them directly.
const forgetMerges = statement<never>(
  'forget_merges_into_user',
  'delete from merges where absorbed_id in (select id from users where merged_into = $1)',
);

// A ticket may hold the person's number, sealed; nobody can be merged with them any more.
const forgetMergeTickets = statement<never>(
  'forget_merge_tickets_of_user',
  'delete from merge_tickets where user_id = $1 or other_user_id = $1',
);

const bury = statement<never>(
  'bury',
  `insert into erasures (id, subject_hash) select id, hash from unnest($1::uuid[], $2::bytea[]) as given (id, hash)`,
);

/** Users and identities when a person leaves for good. Everything runs within the caller's transaction. */
@Injectable()
export class UserErasureRepository {
  /**
   * Empties a user and removes all of their identities, which are answered; the row stays, for what refers to its id.
   * Null when there is no such user, or they were erased before.
   */
  async erase(transaction: Queries, userId: string): Promise<IdentityName[] | null> {
    const erased = await transaction.query(eraseUser, [userId]);
    await transaction.query(forgetMerges, [userId]);
    await transaction.query(forgetMergeTickets, [userId]);
    return erased.length === 1 ? transaction.query(removeIdentities, [userId]) : null;
  }

  /** Remembers that those behind these hashes were erased, and when. */
  async bury(transaction: Queries, subjectHashes: readonly Buffer[]): Promise<void> {
    if (subjectHashes.length === 0) return;
    await transaction.query(bury, [subjectHashes.map(() => uuidv7()), subjectHashes]);
  }
}
