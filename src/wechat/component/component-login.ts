import { Injectable } from '@nestjs/common';
import { WechatSettings, type WechatComponent } from '../../config/settings.js';
import { TOKEN_REFUSALS } from '../errcodes.js';
import type { WechatAnswer } from '../wechat-call.js';
import { WechatHttp } from '../wechat-http.js';
import { ComponentTokenHttp } from './component-token-http.js';
import { FixedComponentToken, type ComponentTokens } from './component-tokens.js';
import { FetchedComponentTokens } from './fetched-component-tokens.js';

interface ComponentExchange {
  readonly appId: string;
  readonly component: WechatComponent;
  readonly code: string;
  readonly token: string;
}

/**
 * Exchanges codes of `wx.login` for apps that a third-party platform runs and whose AppSecret is not known here.
 *
 * Source: developers.weixin.qq.com/doc/oplatform/openApi/miniprogram-management/login/api_thirdpartycode2session.html
 */
@Injectable()
export class ComponentLogin {
  private readonly tokensByAppId = new Map<string, ComponentTokens>();

  constructor(
    private readonly http: WechatHttp,
    tokenHttp: ComponentTokenHttp,
    settings: WechatSettings,
  ) {
    // The configuration says the same of a platform wherever it names it.
    for (const { component } of settings.apps) {
      if (component) this.tokensByAppId.set(component.appId, tokensOf(component, tokenHttp));
    }
  }

  /**
   * Gives WeChat's answer to component/jscode2session, which is that of code2Session.
   *
   * A token that WeChat refuses is replaced, and the call made once more with the next one: the code is not spent yet. All
   * of it shares the time of one call.
   *
   * @throws AppError WECHAT_UNAVAILABLE, WECHAT_MISCONFIGURED
   */
  async code2Session(appId: string, component: WechatComponent, code: string): Promise<WechatAnswer> {
    const deadline = this.http.deadline();
    const tokens = this.tokensByAppId.get(component.appId)!;
    const token = await tokens.current();
    const answer = await this.ask({ appId, component, code, token }, deadline);
    if (!TOKEN_REFUSALS.has(answer.errcode)) return answer;

    tokens.refused(token);
    const next = await tokens.current();
    return next === token ? answer : this.ask({ appId, component, code, token: next }, deadline);
  }

  private ask({ appId, component, code, token }: ComponentExchange, deadline: AbortSignal): Promise<WechatAnswer> {
    const call = {
      api: 'code2session',
      appId,
      path: '/sns/component/jscode2session',
      query: {
        appid: appId,
        js_code: code,
        grant_type: 'authorization_code',
        component_appid: component.appId,
        component_access_token: token,
      },
      oneTime: true,
    } as const;
    return this.http.send(call, deadline);
  }
}

function tokensOf(component: WechatComponent, http: ComponentTokenHttp): ComponentTokens {
  if ('accessToken' in component) return new FixedComponentToken(component.accessToken);
  return new FetchedComponentTokens(() => http.fetch(component));
}
