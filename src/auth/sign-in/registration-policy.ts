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
    const policyVersion = this.consentedTo(consent);
    await this.riskGate.pass(identity, clientIp);
    return policyVersion;
  }

  /**
   * Lets somebody become a user who has proved a phone number without WeChat, and answers the version of the policy that
   * is to be recorded.
   *
   * @throws AppError FORBIDDEN - nobody may register here; VALIDATION_FAILED - the consent to the current policy is missing
   */
  admitByPhone(appId: string, consent: ConsentGiven | undefined): string | null {
    if (this.of(appId) === 'never') throw new AppError('FORBIDDEN', { context: { reason: 'never' } });
    return this.consentedTo(consent);
  }

  private consentedTo(consent: ConsentGiven | undefined): string | null {
    const { policyVersion } = this.settings;
    if (policyVersion !== null && consent?.policyVersion !== policyVersion) {
      throw new AppError('VALIDATION_FAILED', {
        detail: 'consent.policyVersion must be the current version of the policy',
      });
    }
    return consent?.policyVersion ?? null;
  }
}
