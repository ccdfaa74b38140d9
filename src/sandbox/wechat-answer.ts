import { randomBytes } from 'node:crypto';

/** The calls of WeChat that the sandbox answers, by the last part of their path. */
export const SANDBOX_APIS = ['jscode2session', 'stable_token'] as const;
export type SandboxApi = (typeof SANDBOX_APIS)[number];

/** The parameters of a call as they came; nothing about them is checked. */
export type WechatParameters = Readonly<Record<string, unknown>>;

/** The body WeChat answers with. An `errcode` other than 0 makes it a refusal; a success usually carries none. */
export interface WechatAnswer {
  readonly errcode?: number;
  readonly errmsg?: string;
  readonly [field: string]: string | number | undefined;
}

// developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html and the pages of the two calls. The texts of
// 40163, 40243 and 50007 are not published in English and are ours; no caller may depend on a text.
const ERRMSG: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  0: 'ok',
  40002: 'invalid grant_type',
  40013: 'invalid appid',
  40029: 'invalid code',
  40125: 'invalid appsecret',
  40163: 'code been used',
  40164: 'invalid ip, not in whitelist',
  40226: 'code blocked',
  40243: 'appsecret frozen',
  41002: 'appid missing',
  41004: 'appsecret missing',
  41008: 'missing code',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  50007: 'account frozen',
};

/** Words an errcode the way WeChat does, with a request id that differs every time. Unknown errcodes get a text too. */
export function answerWithErrcode(errcode: number): WechatAnswer {
  const text = ERRMSG[errcode] ?? 'unknown error';
  return { errcode, errmsg: errcode === 0 ? text : `${text}, rid: ${requestId()}` };
}

function requestId(): string {
  return randomBytes(12)
    .toString('hex')
    .replace(/(.{8})(.{8})/, '$1-$2-');
}
