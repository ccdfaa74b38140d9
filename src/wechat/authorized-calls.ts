import { Injectable } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { AccessTokens } from './access-tokens.js';
import { TOKEN_REFUSALS, errorOf } from './errcodes.js';
import { WechatApps } from './wechat-apps.js';
import type { WechatAnswer, WechatCall } from './wechat-call.js';
import { WechatHttp } from './wechat-http.js';

/** A call that needs an access_token, which is added to its query. */
export interface AuthorizedCall extends WechatCall {
  /** Errcodes other than 0 that are an answer to what was asked, and no failure. */
  readonly answers?: readonly number[];
}

/** Makes the calls that need an access_token, and repeats one, once, whose token WeChat refuses. */
@Injectable()
export class AuthorizedCalls {
  constructor(
    private readonly apps: WechatApps,
    private readonly tokens: AccessTokens,
    private readonly http: WechatHttp,
  ) {}

  /**
   * Answers with errcode 0, or one of those the call names. Takes no longer than one call may, tokens and repetition
   * included. A one-time code survives the refusal of a token: WeChat looks at the token first.
   *
   * @throws AppError by docs/wechat-errcodes.md; WECHAT_APP_UNKNOWN
   */
  async send(call: AuthorizedCall): Promise<WechatAnswer> {
    const app = this.apps.get(call.appId);
    const deadline = this.http.deadline();
    const token = await this.tokens.get(app, deadline);
    const answer = await this.sendWith(token, call, deadline);
    if (!TOKEN_REFUSALS.has(answer.errcode)) return accepted(call, answer);
    const another = await this.tokens.replace(app, token, deadline);
    return accepted(call, await this.sendWith(another, call, deadline));
  }

  private sendWith(token: string, call: AuthorizedCall, deadline: AbortSignal): Promise<WechatAnswer> {
    return this.http.send({ ...call, query: { access_token: token, ...call.query } }, deadline);
  }
}

function accepted({ api, appId, answers = [] }: AuthorizedCall, answer: WechatAnswer): WechatAnswer {
  const { errcode } = answer;
  if (errcode === 0 || answers.includes(errcode)) return answer;
  throw new AppError(errorOf(api, errcode), { context: { api, appId, errcode } });
}
