import { Injectable } from '@nestjs/common';
import { statement, type Queries } from '../database/statement.js';

/** Whose an openid is. */
export interface OpenidOwner {
  readonly userId: string;
  readonly identityId: string;
}

/** What a person's profile can lose. */
export type ProfileField = 'nickname' | 'avatar' | 'phone';

// For update: nobody signs in, links or merges until the withdrawal is through.
const lockOwner = statement<OpenidOwner>(
  'lock_owner_of_openid',
  `select u.id as "userId", i.id as "identityId" from identities i join users u on u.id = i.user_id
   where i.kind = 'wechat_openid' and i.issuer = $1 and i.subject = $2 for update of u`,
);

const removeIdentity = statement<{ id: string }>(
  'remove_identity',
  'delete from identities where id = $1 and user_id = $2 returning id',
);

const removeLoneUnionid = statement<{ id: string }>(
  'remove_lone_unionid',
  `delete from identities where user_id = $1 and kind = 'wechat_unionid' and issuer = $2
     and not exists (
       select from identities where user_id = $1 and kind = 'wechat_openid' and issuer = any($3))
   returning id`,
);

const findOtherWay = statement<{ id: string }>(
  'find_other_way_in',
  `select id from identities where user_id = $1 and kind <> 'wechat_unionid' limit 1`,
);

const clearProfile = statement<never>(
  'clear_profile',
  `update users set
     nickname = case when 'nickname' = any($2) then null else nickname end,
     avatar_url = case when 'avatar' = any($2) then null else avatar_url end,
     phone_sealed = case when 'phone' = any($2) then null else phone_sealed end,
     phone_proved_at = case when 'phone' = any($2) then null else phone_proved_at end,
     updated_at = now()
   where id = $1`,
);

const removePhone = statement<never>('remove_phone', `delete from identities where user_id = $1 and kind = 'phone'`);

/** Users and identities when a person withdraws something. Everything runs within the caller's transaction. */
@Injectable()
export class IdentityWithdrawalRepository {
  /** Finds whose openid it is, and holds that user's row until the transaction ends. Null: nobody's. */
  async lockOwner(transaction: Queries, appId: string, openid: string): Promise<OpenidOwner | null> {
    const [owner] = await transaction.query(lockOwner, [appId, openid]);
    return owner ?? null;
  }

  /** False when it is not this user's any more. */
  async remove(transaction: Queries, { userId, identityId }: OpenidOwner): Promise<boolean> {
    return (await transaction.query(removeIdentity, [identityId, userId])).length === 1;
  }

  /** Removes the unionid of an Open Platform account from a user who has no openid left in any of its apps. */
  async removeLoneUnionid(
    transaction: Queries,
    userId: string,
    openPlatform: string,
    appIds: readonly string[],
  ): Promise<boolean> {
    return (await transaction.query(removeLoneUnionid, [userId, openPlatform, appIds])).length > 0;
  }

  /** Whether a user can still be recognised. A unionid alone leads nowhere: no app shows it by itself. */
  async hasWayIn(transaction: Queries, userId: string): Promise<boolean> {
    return (await transaction.query(findOtherWay, [userId])).length > 0;
  }

  /** Empties these fields; without its number a user cannot be found by it either. */
  async clearProfile(transaction: Queries, userId: string, fields: readonly ProfileField[]): Promise<void> {
    await transaction.query(clearProfile, [userId, fields]);
    if (fields.includes('phone')) await transaction.query(removePhone, [userId]);
  }
}
