import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { PROFILE_COLUMNS, type ProfileRow } from './user-profile.js';

const findProfile = statement<ProfileRow>('find_profile', `select ${PROFILE_COLUMNS} from users u where u.id = $1`);

/** The users table, for reading. */
@Injectable()
export class UsersRepository {
  constructor(private readonly database: Database) {}

  async findProfile(userId: string): Promise<ProfileRow | null> {
    const [row] = await this.database.query(findProfile, [userId]);
    return row ?? null;
  }
}
