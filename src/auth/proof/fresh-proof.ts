import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { CredentialsRepository } from '../../users/credentials.repository.js';
import type { Principal } from '../access/principal.js';
import { Attempts } from '../credentials/attempts.js';
import { PasswordCheck } from '../credentials/password-check.js';
import { WechatProof } from './wechat-proof.js';

/** What a caller shows, beside their access token, to prove that it is still them. A password counts before a code. */
export interface ProofOffered {
  /** Of `wx.login`, in the mini-program of the session. */
  readonly code?: string | undefined;
  readonly currentPassword?: string | undefined;
}

/** Demands a proof that is younger than the session, before what cannot be undone: a stolen token alone does not do it. */
@Injectable()
export class FreshProof {
  constructor(
    private readonly attempts: Attempts,
    private readonly credentials: CredentialsRepository,
    private readonly passwords: PasswordCheck,
    private readonly wechat: WechatProof,
  ) {}

  /**
   * Comes back when the caller has proved themselves by their password, or by a code of an identity that is linked to them.
   * The code is spent.
   *
   * @throws AppError PROOF_REQUIRED - nothing was offered, or it is wrong; RATE_LIMITED - too many were wrong; and what a
   *   call of WeChat may throw, but for a code that WeChat rejects
   */
  async prove({ userId, appId }: Principal, { code, currentPassword }: ProofOffered): Promise<void> {
    if (code === undefined && currentPassword === undefined) {
      throw new AppError('PROOF_REQUIRED', { context: { userId, reason: 'none offered' } });
    }
    const isProved = await this.attempts.judge('proof', userId, () =>
      currentPassword === undefined ? this.wechat.isOf(userId, code!, appId) : this.isPassword(userId, currentPassword),
    );
    if (!isProved) throw new AppError('PROOF_REQUIRED', { context: { userId, reason: 'wrong' } });
  }

  private async isPassword(userId: string, password: string): Promise<boolean> {
    return this.passwords.isRight(await this.credentials.findOfUser(userId), password);
  }
}
