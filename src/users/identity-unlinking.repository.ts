import { Injectable } from '@nestjs/common';
import { statement, type Queries } from '../database/statement.js';
import type { IdentityName } from './identities.repository.js';
import { lockActiveUser } from './lock-user.js';

const findIdentity = statement<IdentityName>(
  'find_identity_to_unlink',
  'select kind, issuer, subject from identities where id = $2 and user_id = $1',
);

// A unionid leads nowhere, because no app shows it by itself; nor does a username without a password.
const findOtherWay = statement<{ id: string }>(
  'find_way_in_beside',
  `select i.id from identities i join users u on u.id = i.user_id
   where i.user_id = $1 and i.id <> $2 and i.kind <> 'wechat_unionid'
     and (i.kind <> 'username' or u.password_hash is not null)
   limit 1`,
);

const removeUsername = statement<never>(
  'unlink_username',
  `delete from identities where id = $2 and user_id = $1 and kind = 'username'`,
);

const removePassword = statement<never>(
  'remove_password',
  'update users set password_hash = null, password_version = password_version + 1, updated_at = now() where id = $1',
);

/** Identities when a person gives one up. Everything runs within the caller's transaction. */
@Injectable()
export class IdentityUnlinkingRepository {
  /** Holds the person's row until the transaction ends, so that of two who unlink one sees what the other left. */
  async lock(transaction: Queries, userId: string): Promise<boolean> {
    return (await transaction.query(lockActiveUser, [userId])).length === 1;
  }

  /** Null when there is none, or it is not this user's. */
  async find(transaction: Queries, userId: string, identityId: string): Promise<IdentityName | null> {
    const [identity] = await transaction.query(findIdentity, [userId, identityId]);
    return identity ?? null;
  }

  /** Whether the person could still sign in without this identity. */
  async hasOtherWayIn(transaction: Queries, userId: string, identityId: string): Promise<boolean> {
    return (await transaction.query(findOtherWay, [userId, identityId])).length > 0;
  }

  /** Removes a username, and with it the password that nobody could use any more. */
  async removeUsername(transaction: Queries, userId: string, identityId: string): Promise<void> {
    await transaction.query(removeUsername, [userId, identityId]);
    await transaction.query(removePassword, [userId]);
  }
}
