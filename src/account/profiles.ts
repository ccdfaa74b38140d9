import { Injectable } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import type { UserProfile } from '../users/user-profile.js';
import { UserProfiles } from '../users/user-profiles.js';
import { UsersRepository } from '../users/users.repository.js';

/** What a signed-in person sees of their account. */
@Injectable()
export class Profiles {
  constructor(
    private readonly users: UsersRepository,
    private readonly profiles: UserProfiles,
  ) {}

  /**
   * Reads the account, as it is now.
   *
   * @throws AppError USER_DISABLED, or SESSION_EXPIRED when the user no longer exists
   */
  async get(userId: string): Promise<UserProfile> {
    const row = await this.users.findProfile(userId);
    if (!row || row.status === 'erased') throw new AppError('SESSION_EXPIRED', { context: { userId } });
    if (row.status === 'disabled') throw new AppError('USER_DISABLED', { context: { userId } });
    return this.profiles.of(row);
  }
}
