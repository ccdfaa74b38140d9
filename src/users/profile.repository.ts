import { Injectable } from '@nestjs/common';
import { statement, type Queries } from '../database/statement.js';
import { lockActiveUser } from './lock-user.js';

/** What a person changes of their profile: the fields present, and null empties one. */
export interface ProfilePatch {
  readonly nickname?: string | null;
  readonly avatarUrl?: string | null;
}

const changeProfile = statement<{ avatarBefore: string | null }>(
  'change_profile',
  `update users u set
     nickname = case when $2 then $3 else u.nickname end,
     avatar_url = case when $4 then $5 else u.avatar_url end,
     updated_at = now()
   from (select avatar_url from users where id = $1) as before
   where u.id = $1 returning before.avatar_url as "avatarBefore"`,
);

/** Nicknames and avatars. */
@Injectable()
export class ProfileRepository {
  /**
   * Changes a profile within the caller's transaction, which holds the user's row from then on, and answers the avatar as
   * it was before. Null when the person is not active.
   */
  async change(
    transaction: Queries,
    userId: string,
    { nickname, avatarUrl }: ProfilePatch,
  ): Promise<{ avatarBefore: string | null } | null> {
    const locked = await transaction.query(lockActiveUser, [userId]);
    if (locked.length === 0) return null;
    const values = [userId, nickname !== undefined, nickname ?? null, avatarUrl !== undefined, avatarUrl ?? null];
    const [changed] = await transaction.query(changeProfile, values);
    return changed ?? null;
  }
}
