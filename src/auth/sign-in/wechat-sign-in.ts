import { Injectable } from '@nestjs/common';
import { IdentityLinking } from '../../users/identity-linking.js';
import type { VerifiedIdentity } from '../../wechat/wechat-login.js';
import { Sessions } from '../sessions/sessions.js';
import { SignInRefusals } from './sign-in-refusals.js';
import type { SignedInDto } from './signed-in.dto.js';
import type { DeviceDto } from './wechat-login.dto.js';

/** Signs in whoever WeChat vouches for. */
@Injectable()
export class WechatSignIn {
  constructor(
    private readonly linking: IdentityLinking,
    private readonly sessions: Sessions,
    private readonly refusals: SignInRefusals,
  ) {}

  /** @throws AppError USER_DISABLED */
  async signIn(
    identity: VerifiedIdentity,
    device: DeviceDto | undefined,
    traceId: string | null,
  ): Promise<SignedInDto> {
    const { user, isNewUser, identityId } = await this.linking.resolve(identity, traceId);
    const opening = this.sessions.open({
      userId: user.id,
      identityId,
      appId: identity.appId,
      amr: ['wx'],
      device: { id: device?.id ?? null, name: device?.name ?? null, platform: device?.platform ?? null },
      traceId,
    });
    const tokens = await opening.catch((error: unknown) => {
      this.refusals.note(error, { appId: identity.appId, traceId });
      throw error;
    });
    return { status: 'signed_in', isNewUser, user, tokens };
  }
}
