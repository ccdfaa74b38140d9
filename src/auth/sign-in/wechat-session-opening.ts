import { Injectable } from '@nestjs/common';
import type { Resolution } from '../../users/identity-linking.js';
import { Sessions } from '../sessions/sessions.js';
import { SignInRefusals } from './sign-in-refusals.js';
import type { SignedInDto } from './signed-in.dto.js';
import type { DeviceDto } from './wechat-login.dto.js';

/** Where a sign-in takes place. */
export interface SignInPlace {
  readonly appId: string;
  readonly device: DeviceDto | undefined;
  readonly traceId: string | null;
}

/** The last step of every sign-in with WeChat. */
@Injectable()
export class WechatSessionOpening {
  constructor(
    private readonly sessions: Sessions,
    private readonly refusals: SignInRefusals,
  ) {}

  /** @throws AppError USER_DISABLED */
  async open({ user, isNewUser, identityId }: Resolution, place: SignInPlace): Promise<SignedInDto> {
    const { appId, device, traceId } = place;
    try {
      const tokens = await this.sessions.open({
        userId: user.id,
        identityId,
        appId,
        amr: ['wx'],
        device: { id: device?.id ?? null, name: device?.name ?? null, platform: device?.platform ?? null },
        traceId,
      });
      return { status: 'signed_in', isNewUser, user, tokens };
    } catch (error) {
      this.refusals.note(error, { appId, traceId });
      throw error;
    }
  }
}
