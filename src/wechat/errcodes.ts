import type { ErrorCode } from '../errors/catalog.js';

/**
 * What WeChat's errcodes of code2Session mean for whoever called us.
 *
 * Source: the error tables of user-login/api_code2session and of the global return codes; 40163 and 45011's minute quota
 * are known from the community only. A code that is not listed here is the operator's, never the user's.
 */
const LOGIN_ERRCODES: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [-1, 'WECHAT_UNAVAILABLE'],
  [40029, 'WECHAT_CODE_REJECTED'],
  [40163, 'WECHAT_CODE_REJECTED'],
  [41008, 'WECHAT_CODE_REJECTED'],
  [40226, 'WECHAT_USER_BLOCKED'],
  [45011, 'WECHAT_RATE_LIMITED'],
]);

/** The error of the catalog for an errcode of code2Session. */
export function loginErrorOf(errcode: number): ErrorCode {
  return LOGIN_ERRCODES.get(errcode) ?? 'WECHAT_MISCONFIGURED';
}
