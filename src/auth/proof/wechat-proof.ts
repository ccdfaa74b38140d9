import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { WechatIdentities } from '../../users/wechat-identities.js';
import { WechatLogin, type VerifiedIdentity } from '../../wechat/wechat-login.js';

/** Asks WeChat whether it is a person's own phone that made a code. */
@Injectable()
export class WechatProof {
  constructor(
    private readonly wechatLogin: WechatLogin,
    private readonly identities: WechatIdentities,
  ) {}

  /**
   * Whether the code is of an identity that is linked to the user: its openid or, if nobody holds that yet, its unionid.
   *
   * @throws AppError as `WechatLogin.exchange` does, but for a code that WeChat rejects: that one proves nothing
   */
  async isOf(userId: string, code: string, appId: string): Promise<boolean> {
    const identity = await this.exchange(code, appId);
    return identity !== null && (await this.identities.findHolder(identity))?.id === userId;
  }

  private async exchange(code: string, appId: string): Promise<VerifiedIdentity | null> {
    try {
      return await this.wechatLogin.exchange(code, appId);
    } catch (error) {
      if (error instanceof AppError && error.code === 'WECHAT_CODE_REJECTED') return null;
      throw error;
    }
  }
}
