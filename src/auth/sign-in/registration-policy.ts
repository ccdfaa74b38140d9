import { Injectable } from '@nestjs/common';
import { RegistrationSettings, type Registration } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import type { WechatIdentity } from '../../users/identity-linking.js';
import { WechatApps } from '../../wechat/wechat-apps.js';
import { RiskGate } from './risk-gate.js';

/** What a person agreed to, as their mini-program says. */
export interface ConsentGiven {
  readonly policyVersion: string;
}

/** Decides who may become a user, and how. */
@Injectable()
export class RegistrationPolicy {
  constructor(
    private readonly settings: RegistrationSettings,
    private readonly apps: WechatApps,
    private readonly riskGate: RiskGate,
  ) {}

  /** How people register in this mini-program. */
  of(appId: string): Registration {
    return this.apps.get(appId).registration ?? this.settings.policy;
  }

  /**
   * Lets somebody become a user, and answers the version of the policy that is to be recorded.
   *
   * @throws AppError VALIDATION_FAILED - the consent to the current policy is missing; WECHAT_USER_BLOCKED - WeChat ranks
   *   the person as too risky; and what a call of WeChat may throw where the risk is asked for
   */
  async admit(identity: WechatIdentity, consent: ConsentGiven | undefined, clientIp: string): Promise<string | null> {
    const { policyVersion } = this.settings;
    if (policyVersion !== null && consent?.policyVersion !== policyVersion) {
      throw new AppError('VALIDATION_FAILED', {
        detail: 'consent.policyVersion must be the current version of the policy',
      });
    }
    await this.riskGate.pass(identity, clientIp);
    return consent?.policyVersion ?? null;
  }
}
