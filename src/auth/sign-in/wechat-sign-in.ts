import { Injectable } from '@nestjs/common';
import { IdentityLinking, type Resolution } from '../../users/identity-linking.js';
import type { VerifiedIdentity } from '../../wechat/wechat-login.js';
import { RegistrationPolicy } from './registration-policy.js';
import { RegistrationTickets } from './registration-tickets.js';
import type { SignedInDto, UnregisteredDto } from './signed-in.dto.js';
import type { WechatLoginDto } from './wechat-login.dto.js';
import { WechatSessionOpening } from './wechat-session-opening.js';

/** The request a sign-in came with. */
export interface SignInRequest {
  readonly body: Pick<WechatLoginDto, 'createUser' | 'device' | 'consent'>;
  readonly clientIp: string;
  readonly traceId: string | null;
}

/** Signs in whoever WeChat vouches for. */
@Injectable()
export class WechatSignIn {
  constructor(
    private readonly linking: IdentityLinking,
    private readonly policy: RegistrationPolicy,
    private readonly tickets: RegistrationTickets,
    private readonly opening: WechatSessionOpening,
  ) {}

  /**
   * Signs in the person, registers somebody new where that needs nothing else, and hands out a ticket where it does.
   *
   * @throws AppError USER_DISABLED, and as `RegistrationPolicy.admit`
   */
  async signIn(identity: VerifiedIdentity, request: SignInRequest): Promise<SignedInDto | UnregisteredDto> {
    const place = { appId: identity.appId, device: request.body.device, traceId: request.traceId };
    const signedIn = await this.opening.openKnown(identity, place);
    if (signedIn) return signedIn;
    const known = await this.linking.find(identity, request.traceId);
    const resolution = known ?? (await this.register(identity, request));
    if (!resolution) return { status: 'unregistered', ...(await this.tickets.issue(identity)) };
    return this.opening.open(resolution, place, () => this.linking.find(identity, request.traceId));
  }

  /** Null where a sign-in alone makes no user. */
  private async register(
    identity: VerifiedIdentity,
    { body, clientIp, traceId }: SignInRequest,
  ): Promise<Resolution | null> {
    if (body.createUser === false || this.policy.of(identity.appId) !== 'always') return null;
    const policyVersion = await this.policy.admit(identity, body.consent, clientIp);
    return this.linking.register(identity, policyVersion, traceId);
  }
}
