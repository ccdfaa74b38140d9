import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { RegistrationSettings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { LOGGER } from '../../logging/logging.module.js';
import { WechatApi } from '../../wechat/wechat-api.js';
import type { WechatAccount } from '../../wechat/session-keys.repository.js';

// getUserRiskRank: 0 is registration.
const SCENE_REGISTRATION = 0;

/** Asks WeChat how risky a person is before they become a user, where the operator wants it. */
@Injectable()
export class RiskGate {
  constructor(
    private readonly settings: RegistrationSettings,
    private readonly api: WechatApi,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Comes back when the person's rank, 0 to 4, is at most the configured one. When WeChat does not say, the configuration
   * decides.
   *
   * @throws AppError WECHAT_USER_BLOCKED - the rank is higher; and what a call of WeChat may throw
   */
  async pass({ appId, openid }: WechatAccount, clientIp: string): Promise<void> {
    const { riskRankMax, admitsUnknownRisk } = this.settings;
    if (riskRankMax === null) return;
    const rank = await this.rankOf({ appId, openid }, clientIp);
    if (rank === null && !admitsUnknownRisk) throw new AppError('WECHAT_UNAVAILABLE', { context: { appId } });
    if (rank !== null && rank > riskRankMax) throw new AppError('WECHAT_USER_BLOCKED', { context: { appId, rank } });
  }

  /** Null when WeChat cannot tell now. */
  private async rankOf(account: WechatAccount, clientIp: string): Promise<number | null> {
    try {
      const { riskRank } = await this.api.getUserRiskRank({ ...account, scene: SCENE_REGISTRATION, clientIp });
      return riskRank;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.logger.warn({ appId: account.appId, code: error.code }, 'WeChat does not say how risky a person is');
      return null;
    }
  }
}
