import { Injectable } from '@nestjs/common';
import { maskNumber } from './phone-number.js';
import { PhoneVault } from './phone-vault.js';
import type { ProfileRow, UserProfile } from './user-profile.js';

/** Turns a person's row into what they are told of it. */
@Injectable()
export class UserProfiles {
  constructor(private readonly phones: PhoneVault) {}

  of(row: ProfileRow): UserProfile {
    return {
      id: row.id,
      nickname: row.nickname,
      avatarUrl: row.avatar_url,
      phone: row.phone_sealed && maskNumber(this.phones.open(row.id, row.phone_sealed)),
      identities: row.identities.map(({ id, kind, issuer }) =>
        kind === 'wechat_openid' ? { id, kind, appId: issuer } : { id, kind },
      ),
      createdAt: row.created_at.toISOString(),
    };
  }
}
