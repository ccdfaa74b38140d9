import { Injectable } from '@nestjs/common';
import { statement, type Queries } from '../database/statement.js';
import type { UserStatus } from './user.entity.js';

const changeStatus = statement<{ id: string }>(
  'change_user_status',
  `update users set status = $2, updated_at = now() where id = $1 and status = $3 returning id`,
);

/** Whether a person may sign in. */
@Injectable()
export class UserStatusRepository {
  /** Compare-and-set within the caller's transaction; holds the user's row until it ends. False: no such user then. */
  async change(transaction: Queries, userId: string, from: UserStatus, to: UserStatus): Promise<boolean> {
    return (await transaction.query(changeStatus, [userId, to, from])).length === 1;
  }
}
