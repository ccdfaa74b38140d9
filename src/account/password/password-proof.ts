import { Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/access/principal.js';
import { FreshProof, type ProofOffered } from '../../auth/proof/fresh-proof.js';
import { RecentSignInsRepository } from '../../auth/proof/recent-sign-ins.repository.js';

/** Decides whether a caller may set their password. */
@Injectable()
export class PasswordProof {
  constructor(
    private readonly freshProof: FreshProof,
    private readonly recentSignIns: RecentSignInsRepository,
  ) {}

  /**
   * A fresh proof lets them; so does a session opened by SMS within the last 10 minutes, which is how a forgotten password
   * is replaced, and how somebody without WeChat gets their first one.
   *
   * @throws AppError PROOF_REQUIRED, RATE_LIMITED; and what a call of WeChat may throw
   */
  async demand(caller: Principal, offered: ProofOffered): Promise<void> {
    const offersNothing = offered.code === undefined && offered.currentPassword === undefined;
    if (offersNothing && (await this.recentSignIns.isRecentSms(caller.sessionId))) return;
    await this.freshProof.prove(caller, offered);
  }
}
