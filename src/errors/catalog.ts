/** What a client does next. The only field of an error that a client may branch on. */
export type Remedy = 'fix-request' | 'refresh' | 'login-again' | 'ask-user' | 'retry-later' | 'call-operator' | 'stop';

/** One entry of the catalog: how a code looks from outside. */
export interface CatalogEntry {
  readonly status: number;
  readonly remedy: Remedy;
  readonly en: string;
  readonly 'zh-CN': string;
}

/**
 * Every error this server answers on purpose.
 *
 * 401 is for tokens only. The texts are public and name nothing of the request; `docs/errors.md` is generated from here.
 */
export const ERROR_CATALOG = {
  VALIDATION_FAILED: {
    status: 400,
    remedy: 'fix-request',
    en: 'The request is not valid.',
    'zh-CN': '请求参数不正确。',
  },
  WECHAT_APP_UNKNOWN: {
    status: 400,
    remedy: 'fix-request',
    en: 'This mini-program is not configured here.',
    'zh-CN': '该小程序未在本服务中配置。',
  },
  WECHAT_CODE_REJECTED: {
    status: 400,
    remedy: 'login-again',
    en: 'WeChat did not accept the login code. Call wx.login once more.',
    'zh-CN': '微信未接受该登录凭证，请重新调用 wx.login。',
  },
  TICKET_INVALID: {
    status: 400,
    remedy: 'login-again',
    en: 'The ticket is unknown, spent or expired. Call wx.login once more.',
    'zh-CN': '凭据无效、已使用或已过期，请重新调用 wx.login。',
  },
  USER_DATA_UNREADABLE: {
    status: 400,
    remedy: 'login-again',
    en: 'The encrypted data cannot be read. Call wx.login and fetch the data again.',
    'zh-CN': '加密数据无法读取，请重新登录后再次获取。',
  },
  PHONE_CODE_REJECTED: {
    status: 400,
    remedy: 'ask-user',
    en: 'WeChat did not accept the phone code. Ask the user to press the button again.',
    'zh-CN': '微信未接受该手机号凭证，请用户重新点击按钮。',
  },
  CREDENTIALS_INVALID: {
    status: 400,
    remedy: 'ask-user',
    en: 'The user name or the password is wrong.',
    'zh-CN': '用户名或密码错误。',
  },
  OTP_INVALID: {
    status: 400,
    remedy: 'ask-user',
    en: 'The one-time code is wrong or expired.',
    'zh-CN': '验证码错误或已过期。',
  },
  PROOF_REQUIRED: {
    status: 400,
    remedy: 'ask-user',
    en: 'This step needs a fresh proof of who you are.',
    'zh-CN': '该操作需要重新验证身份。',
  },
  ACCESS_TOKEN_MISSING: {
    status: 401,
    remedy: 'login-again',
    en: 'Sign in first.',
    'zh-CN': '请先登录。',
  },
  ACCESS_TOKEN_EXPIRED: {
    status: 401,
    remedy: 'refresh',
    en: 'The access token has expired.',
    'zh-CN': '访问令牌已过期。',
  },
  ACCESS_TOKEN_INVALID: {
    status: 401,
    remedy: 'refresh',
    en: 'The access token is not valid.',
    'zh-CN': '访问令牌无效。',
  },
  SESSION_EXPIRED: {
    status: 401,
    remedy: 'login-again',
    en: 'The session has ended. Sign in again.',
    'zh-CN': '登录状态已失效，请重新登录。',
  },
  SESSION_REVOKED: {
    status: 401,
    remedy: 'ask-user',
    en: 'This device was signed out.',
    'zh-CN': '该设备已退出登录。',
  },
  REFRESH_TOKEN_INVALID: {
    status: 401,
    remedy: 'login-again',
    en: 'The refresh token is not valid. Sign in again.',
    'zh-CN': '刷新令牌无效，请重新登录。',
  },
  REFRESH_TOKEN_REUSED: {
    status: 401,
    remedy: 'login-again',
    en: 'The refresh token was used before; the session was ended for safety. Sign in again.',
    'zh-CN': '刷新令牌已被使用，为安全起见会话已结束，请重新登录。',
  },
  FORBIDDEN: {
    status: 403,
    remedy: 'stop',
    en: 'You may not do this.',
    'zh-CN': '没有权限执行该操作。',
  },
  USER_DISABLED: {
    status: 403,
    remedy: 'stop',
    en: 'This account is disabled.',
    'zh-CN': '该账号已被停用。',
  },
  WECHAT_USER_BLOCKED: {
    status: 403,
    remedy: 'stop',
    en: 'WeChat blocks this user as high risk.',
    'zh-CN': '微信判定该用户为高风险，已拦截。',
  },
  NOT_FOUND: {
    status: 404,
    remedy: 'fix-request',
    en: 'There is nothing here.',
    'zh-CN': '请求的资源不存在。',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    remedy: 'fix-request',
    en: 'The request body is too large.',
    'zh-CN': '请求体过大。',
  },
  REFRESH_SUPERSEDED: {
    status: 409,
    remedy: 'retry-later',
    en: 'A newer refresh token was issued meanwhile. Keep what you have and go on.',
    'zh-CN': '已签发更新的刷新令牌，请保留当前令牌并继续。',
  },
  SESSION_KEY_STALE: {
    status: 409,
    remedy: 'login-again',
    en: "WeChat's session key is no longer valid. Call wx.login once more.",
    'zh-CN': '微信会话密钥已失效，请重新调用 wx.login。',
  },
  WECHAT_IDENTITY_REQUIRED: {
    status: 409,
    remedy: 'login-again',
    en: 'This session has no WeChat identity. Sign in with wx.login.',
    'zh-CN': '当前会话没有微信身份，请使用 wx.login 登录。',
  },
  PHONE_ALREADY_LINKED: {
    status: 409,
    remedy: 'ask-user',
    en: 'This phone number belongs to another account.',
    'zh-CN': '该手机号已绑定其他账号。',
  },
  IDENTITY_ALREADY_LINKED: {
    status: 409,
    remedy: 'ask-user',
    en: 'This identity belongs to another account.',
    'zh-CN': '该身份已绑定其他账号。',
  },
  RATE_LIMITED: {
    status: 429,
    remedy: 'retry-later',
    en: 'Too many requests. Try again later.',
    'zh-CN': '请求过于频繁，请稍后再试。',
  },
  WECHAT_RATE_LIMITED: {
    status: 429,
    remedy: 'retry-later',
    en: "WeChat's quota is used up for the moment. Try again later with a new code.",
    'zh-CN': '微信接口调用过于频繁，请稍后使用新的凭证重试。',
  },
  INTERNAL: {
    status: 500,
    remedy: 'call-operator',
    en: 'Something went wrong on our side.',
    'zh-CN': '服务器内部错误。',
  },
  WECHAT_MISCONFIGURED: {
    status: 502,
    remedy: 'call-operator',
    en: 'WeChat refuses this server. The operator has to check its settings.',
    'zh-CN': '微信拒绝了本服务的请求，请联系管理员检查配置。',
  },
  WECHAT_UNAVAILABLE: {
    status: 503,
    remedy: 'retry-later',
    en: 'WeChat cannot be reached for the moment. Try again later with a new code.',
    'zh-CN': '暂时无法连接微信，请稍后使用新的凭证重试。',
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    remedy: 'retry-later',
    en: 'The service is not available for the moment. Try again later.',
    'zh-CN': '服务暂时不可用，请稍后再试。',
  },
} as const satisfies Record<string, CatalogEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOG;
