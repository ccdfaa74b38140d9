import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/access/principal.js';
import { AppError } from '../../errors/app-error.js';
import { ProfileChange } from '../profile/profile-change.js';
import { AVATAR_STORE, type AvatarStore } from './avatar-store.js';
import { imageTypeOf } from './image-type.js';

/** Makes an uploaded picture a person's avatar. */
@Injectable()
export class AvatarUpload {
  constructor(
    @Inject(AVATAR_STORE) private readonly store: AvatarStore,
    private readonly profileChange: ProfileChange,
  ) {}

  /**
   * Keeps the picture and makes it the caller's avatar in the place of any before, which is deleted. What kind of picture
   * it is the bytes say, never their label.
   *
   * @throws AppError VALIDATION_FAILED - no JPEG, PNG, WebP or GIF; SESSION_EXPIRED - the person is not active any more
   */
  async accept(caller: Principal, bytes: Buffer, traceId: string | null): Promise<void> {
    const mediaType = imageTypeOf(bytes);
    if (!mediaType) throw new AppError('VALIDATION_FAILED', { detail: 'file: must be a JPEG, PNG, WebP or GIF image' });
    const { userId } = caller;
    const avatarUrl = await this.store.keep(userId, { mediaType, bytes });
    if (avatarUrl === null) throw new AppError('SESSION_EXPIRED', { context: { userId } });
    await this.profileChange.change(caller, { avatarUrl }, traceId);
  }
}
