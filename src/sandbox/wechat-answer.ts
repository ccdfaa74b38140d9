import { randomBytes } from 'node:crypto';

/** The calls of WeChat that the sandbox answers, by the last part of their path; two are called alike. */
export const SANDBOX_APIS = [
  'jscode2session',
  'component_jscode2session',
  'token',
  'stable_token',
  'checksession',
  'resetusersessionkey',
  'getuserencryptkey',
  'getuserphonenumber',
  'checkencryptedmsg',
  'getpluginopenpid',
  'getuserriskrank',
  'msg_sec_check',
] as const;
export type SandboxApi = (typeof SANDBOX_APIS)[number];

/** The parameters of a call as they came; nothing about them is checked. */
export type WechatParameters = Readonly<Record<string, unknown>>;

/** The body WeChat answers with. An `errcode` other than 0 makes it a refusal; a success usually carries none. */
export interface WechatAnswer {
  readonly errcode?: number;
  readonly errmsg?: string;
  readonly [field: string]: unknown;
}

// developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html and the pages of the calls. The texts of 1,
// 40163, 40243, 43104, 50007, 87007 and 87008 are not published in English and are ours; no caller may depend on a text.
const ERRMSG: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  0: 'ok',
  1: 'encrypted data not found',
  40001: 'invalid credential, access_token is invalid or not latest',
  40002: 'invalid grant_type',
  40003: 'invalid openid',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40029: 'invalid code',
  40097: 'invalid args',
  40125: 'invalid appsecret',
  40129: 'invalid scene',
  40163: 'code been used',
  40164: 'invalid ip, not in whitelist',
  40226: 'code blocked',
  40243: 'appsecret frozen',
  41001: 'access_token missing',
  41002: 'appid missing',
  41004: 'appsecret missing',
  41008: 'missing code',
  41021: 'missing component_access_token',
  42001: 'access_token expired',
  43104: 'appid does not match the openid',
  44002: 'empty post data',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  47001: 'data format error',
  50007: 'account frozen',
  61003: 'component is not authorized by this account',
  61010: 'code is expired',
  87007: 'session_key is not existed or expired',
  87008: 'invalid sig_method',
  87009: 'invalid signature',
};

/** Words an errcode the way WeChat does, with a request id that differs every time. Unknown errcodes get a text too. */
export function answerWithErrcode(errcode: number): WechatAnswer {
  const text = ERRMSG[errcode] ?? 'unknown error';
  return { errcode, errmsg: errcode === 0 ? text : `${text}, rid: ${requestId()}` };
}

/** Says yes the way most calls do, with what they give. */
export function answerOk(fields: Readonly<Record<string, unknown>> = {}): WechatAnswer {
  return { errcode: 0, errmsg: 'ok', ...fields };
}

/** An id that WeChat gives a request, so that its support finds it. */
export function requestId(): string {
  return randomBytes(12)
    .toString('hex')
    .replace(/(.{8})(.{8})/, '$1-$2-');
}

/** Whether a parameter is there. One that was sent twice arrives as a list and counts as missing. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
