import { Inject, Injectable } from '@nestjs/common';
import { Audit } from '../../audit/audit.js';
import { SELF, type PersonalField } from '../../audit/audit-event.js';
import type { Principal } from '../../auth/access/principal.js';
import { Database } from '../../database/database.js';
import { AppError } from '../../errors/app-error.js';
import { ProfileRepository, type ProfilePatch } from '../../users/profile.repository.js';
import { AVATAR_STORE, type AvatarStore } from '../avatar/avatar-store.js';
import { NicknameCheck } from './nickname-check.js';

/** Changes what a person shows of themselves. */
@Injectable()
export class ProfileChange {
  constructor(
    private readonly database: Database,
    private readonly repository: ProfileRepository,
    @Inject(AVATAR_STORE) private readonly avatars: AvatarStore,
    private readonly nicknames: NicknameCheck,
    private readonly audit: Audit,
  ) {}

  /**
   * Changes the fields present and deletes the picture that is no longer the avatar, as one. No field, no change.
   *
   * @throws AppError VALIDATION_FAILED - WeChat considers the nickname risky; SESSION_EXPIRED - the person is not active any more
   */
  async change(caller: Principal, patch: ProfilePatch, traceId: string | null): Promise<void> {
    const { userId, sessionId, appId } = caller;
    const fields = fieldsOf(patch);
    if (fields.length === 0) return;
    if (typeof patch.nickname === 'string') await this.nicknames.pass(caller, patch.nickname);
    await this.database.transaction(async (transaction) => {
      const changed = await this.repository.change(transaction, userId, patch);
      if (!changed) throw new AppError('SESSION_EXPIRED', { context: { userId } });
      const { avatarBefore } = changed;
      if (patch.avatarUrl !== undefined && avatarBefore !== null) {
        await this.avatars.giveUp(transaction, userId, avatarBefore);
      }
      const event = { event: 'profile_changed', actor: SELF, userId, sessionId, appId, traceId } as const;
      await this.audit.record({ ...event, fields }, transaction);
    });
  }
}

function fieldsOf({ nickname, avatarUrl }: ProfilePatch): PersonalField[] {
  return [
    ...(nickname === undefined ? [] : ['nickname' as const]),
    ...(avatarUrl === undefined ? [] : ['avatar' as const]),
  ];
}
