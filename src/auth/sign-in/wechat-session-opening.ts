import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { namesOf, type Resolution, type WechatIdentity } from '../../users/identity-linking.js';
import { MergeTickets } from '../../users/merge-tickets.js';
import { UserProfiles } from '../../users/user-profiles.js';
import { Sessions } from '../sessions/sessions.js';
import { SignInRefusals } from './sign-in-refusals.js';
import type { SignedInDto } from './signed-in.dto.js';
import type { DeviceDto } from './sign-in-bodies.dto.js';

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
    private readonly mergeTickets: MergeTickets,
    private readonly profiles: UserProfiles,
    private readonly refusals: SignInRefusals,
  ) {}

  /**
   * Signs in somebody who is known by this identity and need not be asked anything, as most are.
   *
   * @returns null for everybody else; no session has been opened then
   */
  async openKnown(identity: WechatIdentity, { device, traceId }: SignInPlace): Promise<SignedInDto | null> {
    const known = await this.sessions.openKnown({ ...namesOf(identity), device: deviceOf(device), traceId });
    if (!known) return null;
    return { status: 'signed_in', isNewUser: false, user: this.profiles.of(known.person), tokens: known.tokens };
  }

  /**
   * Opens a session for whoever an identity belongs to, with an offer to merge when its unionid is another user's.
   *
   * @param resolveAgain asked when the user is not active any more: they may have been absorbed in this very moment, and
   *   the identity leads to their survivor
   * @throws AppError USER_DISABLED
   */
  async open(
    resolution: Resolution,
    place: SignInPlace,
    resolveAgain: () => Promise<Resolution | null>,
  ): Promise<SignedInDto> {
    try {
      return await this.signIn(resolution, place);
    } catch (error) {
      const isRefused = error instanceof AppError && error.code === 'USER_DISABLED';
      const now = isRefused ? await resolveAgain() : null;
      if (now && now.user.id !== resolution.user.id) return this.signIn(now, place);
      this.refusals.note(error, place);
      throw error;
    }
  }

  private async signIn(resolution: Resolution, { appId, device, traceId }: SignInPlace): Promise<SignedInDto> {
    const { user, isNewUser, identityId, conflict } = resolution;
    const tokens = await this.sessions.open({
      userId: user.id,
      identityId,
      appId,
      amr: ['wx'],
      device: deviceOf(device),
      traceId,
    });
    if (!conflict) return { status: 'signed_in', isNewUser, user, tokens };
    const { otherUserId, unionid: identity } = conflict;
    const proposal = { userId: user.id, otherUserId, fullProof: true, with: 'unionid', identity } as const;
    return { status: 'signed_in', isNewUser, user, tokens, merge: await this.mergeTickets.propose(proposal) };
  }
}

function deviceOf(device: DeviceDto | undefined) {
  return { id: device?.id ?? null, name: device?.name ?? null, platform: device?.platform ?? null };
}
