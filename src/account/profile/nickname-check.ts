import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Principal } from '../../auth/access/principal.js';
import { ProfileSettings } from '../../config/settings.js';
import { AppError } from '../../errors/app-error.js';
import { LOGGER } from '../../logging/logging.module.js';
import { WechatApi, type TextVerdict } from '../../wechat/wechat-api.js';
import { WechatAccounts } from '../wechat-accounts.js';

// msgSecCheck: 1 is a profile.
const SCENE_PROFILE = 1;

/** Asks WeChat what it thinks of a nickname, where the operator wants it. */
@Injectable()
export class NicknameCheck {
  constructor(
    private readonly settings: ProfileSettings,
    private readonly accounts: WechatAccounts,
    private readonly api: WechatApi,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Comes back unless WeChat calls the nickname risky. What it would have a human review is admitted, and so is what it
   * cannot tell: it is away, over its quota, or knows nobody behind the session. Both leave a line in the log.
   *
   * @throws AppError VALIDATION_FAILED - risky
   */
  async pass(caller: Principal, nickname: string): Promise<void> {
    if (!this.settings.checksNicknames) return;
    const verdict = await this.verdictOn(caller, nickname);
    if (verdict?.suggest === 'risky') {
      throw new AppError('VALIDATION_FAILED', { detail: 'nickname: WeChat considers it unsuitable' });
    }
    if (verdict?.suggest === 'review') {
      this.logger.warn({ userId: caller.userId, label: verdict.label }, 'WeChat asks for a review of a nickname');
    }
  }

  /** Null when WeChat cannot tell. */
  private async verdictOn(caller: Principal, nickname: string): Promise<TextVerdict | null> {
    try {
      const account = await this.accounts.of(caller);
      return await this.api.msgSecCheck({ ...account, scene: SCENE_PROFILE, content: nickname, nickname });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.logger.warn({ userId: caller.userId, code: error.code }, 'WeChat does not say what it thinks of a nickname');
      return null;
    }
  }
}
