import { Injectable } from '@nestjs/common';
import { statement, type Queries } from '../database/statement.js';
import type { HeldIdentity, MergingUser } from './plan-merge.js';
import type { UserStatus } from './user.entity.js';

/** A user whose row the transaction holds. */
export interface LockedUser extends MergingUser {
  readonly status: UserStatus;
  readonly mergedInto: string | null;
  readonly phoneSealed: Buffer | null;
  /** A timestamp in PostgreSQL's words. */
  readonly phoneProvedAt: string | null;
  readonly passwordVersion: number;
  readonly roles: readonly string[];
}

/** What belongs to a user beside their identities. */
export interface UserBelongings {
  readonly nickname: string | null;
  readonly avatarUrl: string | null;
  readonly phoneSealed: Buffer | null;
  readonly phoneProvedAt: string | null;
  readonly passwordHash: string | null;
  readonly passwordVersion: number;
}

// In the order of ids: of two merges that meet, one waits for the other and never both. Whoever the two have absorbed is
// locked in the same breath, because they change their survivor too.
const lockUsers = statement<LockedUser>(
  'lock_users_to_merge',
  `select id, status, merged_into as "mergedInto", to_char(created_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS') as "createdAt",
          nickname, avatar_url as "avatarUrl", phone_sealed as "phoneSealed", phone_proved_at::text as "phoneProvedAt",
          password_hash as "passwordHash", password_version as "passwordVersion", roles
   from users where id = any($1) or merged_into = any($1) order by id for update`,
);

const findIdentities = statement<HeldIdentity>(
  'find_identities_to_merge',
  `select id, user_id as "userId", kind, issuer, subject from identities where user_id = any($1) order by created_at, id`,
);

const removeIdentities = statement<never>('remove_identities_at_merge', 'delete from identities where id = any($1)');

const moveIdentities = statement<{ id: string }>(
  'move_identities',
  'update identities set user_id = $3 where id = any($1) and user_id = $2 returning id',
);

const restoreIdentity = statement<{ id: string }>(
  'restore_identity',
  `insert into identities (id, user_id, kind, issuer, subject) values ($1, $2, $3, $4, $5)
   on conflict (kind, issuer, subject) do nothing returning id`,
);

const retire = statement<never>(
  'retire_absorbed_user',
  `update users set status = 'erased', merged_into = $2, nickname = null, avatar_url = null, phone_sealed = null,
     phone_proved_at = null, password_hash = null, roles = '{}', updated_at = now()
   where id = $1`,
);

const revive = statement<never>(
  'revive_absorbed_user',
  `update users set status = 'active', merged_into = null, roles = $2, updated_at = now() where id = $1`,
);

const setBelongings = statement<never>(
  'set_belongings',
  `update users set nickname = $2, avatar_url = $3, phone_sealed = $4, phone_proved_at = $5::timestamptz,
     password_hash = $6, password_version = $7, updated_at = now()
   where id = $1`,
);

const follow = statement<{ id: string }>(
  'follow_survivor',
  'update users set merged_into = $2 where merged_into = $1 and ($3::uuid[] is null or id = any($3)) returning id',
);

/** Users and identities while two become one, or two again. Everything runs within the caller's transaction. */
@Injectable()
export class UserMergingRepository {
  /** Holds these users until the transaction ends: nobody signs in, links, refreshes a proof or is disabled meanwhile. */
  async lock(transaction: Queries, userIds: readonly string[]): Promise<LockedUser[]> {
    const locked = await transaction.query(lockUsers, [userIds]);
    return locked.filter(({ id }) => userIds.includes(id));
  }

  /** What users hold whom the transaction has locked. */
  async identitiesOf(transaction: Queries, userIds: readonly string[]): Promise<HeldIdentity[]> {
    return transaction.query(findIdentities, [userIds]);
  }

  async removeIdentities(transaction: Queries, identities: readonly HeldIdentity[]): Promise<void> {
    await transaction.query(removeIdentities, [identities.map(({ id }) => id)]);
  }

  /** Moves identities from one user to another, and says how many were there to be moved. */
  async moveIdentities(transaction: Queries, ids: readonly string[], fromId: string, toId: string): Promise<number> {
    return (await transaction.query(moveIdentities, [ids, fromId, toId])).length;
  }

  /** Gives back an identity that was removed. False when somebody has it now. */
  async restoreIdentity(transaction: Queries, identity: HeldIdentity): Promise<boolean> {
    const { id, userId, kind, issuer, subject } = identity;
    return (await transaction.query(restoreIdentity, [id, userId, kind, issuer, subject])).length === 1;
  }

  /** Empties a user whom another one has absorbed; the row stays, so that the id resolves to the survivor. */
  async retire(transaction: Queries, absorbedId: string, survivorId: string): Promise<void> {
    await transaction.query(retire, [absorbedId, survivorId]);
  }

  /** Undoes `retire`, but for what `setBelongings` sets. */
  async revive(transaction: Queries, userId: string, roles: readonly string[]): Promise<void> {
    await transaction.query(revive, [userId, roles]);
  }

  async setBelongings(transaction: Queries, userId: string, belongings: UserBelongings): Promise<void> {
    const { nickname, avatarUrl, phoneSealed, phoneProvedAt, passwordHash, passwordVersion } = belongings;
    const values = [nickname, avatarUrl, phoneSealed, phoneProvedAt, passwordHash, passwordVersion];
    await transaction.query(setBelongings, [userId, ...values]);
  }

  /** Lets everybody who was absorbed by one user, or only these, resolve to another one at once; answers who they are. */
  async follow(
    transaction: Queries,
    fromId: string,
    toId: string,
    only: readonly string[] | null = null,
  ): Promise<string[]> {
    return (await transaction.query(follow, [fromId, toId, only])).map(({ id }) => id);
  }
}
