import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { PROFILE_COLUMNS, type ProfileRow } from '../../users/user-profile.js';

// An absorbed user's sessions stay under the old id, dead, until they are cleaned.
const findOfApps = statement<ProfileRow>(
  'find_user_of_apps',
  `select ${PROFILE_COLUMNS} from users u
   where u.id = (select coalesce(merged_into, id) from users where id = $1) and u.status <> 'erased'
     and (exists (select from identities i where i.user_id = u.id and i.kind = 'wechat_openid' and i.issuer = any($2))
       or exists (select from sessions s where s.user_id in ($1, u.id) and s.app_id = any($2)))`,
);

/** Users as the back ends of mini-programs may see them. */
@Injectable()
export class ClientUsersRepository {
  constructor(private readonly database: Database) {}

  /**
   * The user of this id, or whoever absorbed them, if they have an openid or a session in one of these apps. Null: there
   * is nobody, they were erased, or it is none of the apps' business.
   */
  async findOfApps(userId: string, appIds: readonly string[]): Promise<ProfileRow | null> {
    const [row] = await this.database.query(findOfApps, [userId, appIds]);
    return row ?? null;
  }
}
