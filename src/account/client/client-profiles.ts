import { Injectable } from '@nestjs/common';
import type { OAuthClient } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import type { UserProfile } from '../../users/user-profile.js';
import { UserProfiles } from '../../users/user-profiles.js';
import { ClientUsersRepository } from './client-users.repository.js';

/** What a back end sees of the people who use its mini-programs. */
@Injectable()
export class ClientProfiles {
  constructor(
    private readonly users: ClientUsersRepository,
    private readonly profiles: UserProfiles,
  ) {}

  /**
   * Reads a user who has an openid or a session in one of the client's apps; an absorbed id answers the survivor, whose
   * `id` is another one then. Disabled users are answered like others. Of WeChat identities only those in the client's apps
   * are named.
   *
   * @throws AppError NOT_FOUND - nobody, or nobody of the client's; not told apart
   */
  async get(userId: string, { appIds }: OAuthClient): Promise<UserProfile> {
    const row = await this.users.findOfApps(userId, appIds);
    if (!row) throw new AppError('NOT_FOUND');
    const profile = this.profiles.of(row);
    return {
      ...profile,
      identities: profile.identities.filter(({ appId }) => appId === undefined || appIds.includes(appId)),
    };
  }
}
