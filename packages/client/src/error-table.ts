// Generated from src/errors/catalog.ts of the server by "npm run generate". Do not edit.

/** The server's error codes, by what a client does next. */
// prettier-ignore
export const CODES_BY_REMEDY = {
  'fix-request': [
    'VALIDATION_FAILED',
    'WECHAT_APP_UNKNOWN',
    'NOT_FOUND',
    'PAYLOAD_TOO_LARGE',
  ],
  'login-again': [
    'WECHAT_CODE_REJECTED',
    'TICKET_INVALID',
    'USER_DATA_UNREADABLE',
    'ACCESS_TOKEN_MISSING',
    'SESSION_EXPIRED',
    'REFRESH_TOKEN_INVALID',
    'REFRESH_TOKEN_REUSED',
    'SESSION_KEY_STALE',
    'WECHAT_IDENTITY_REQUIRED',
  ],
  'ask-user': [
    'PHONE_CODE_REJECTED',
    'CREDENTIALS_INVALID',
    'OTP_INVALID',
    'PROOF_REQUIRED',
    'SESSION_REVOKED',
    'PHONE_ALREADY_LINKED',
    'IDENTITY_ALREADY_LINKED',
  ],
  refresh: [
    'ACCESS_TOKEN_EXPIRED',
    'ACCESS_TOKEN_INVALID',
  ],
  stop: [
    'FORBIDDEN',
    'USER_DISABLED',
    'WECHAT_USER_BLOCKED',
  ],
  'retry-later': [
    'REFRESH_SUPERSEDED',
    'RATE_LIMITED',
    'WECHAT_RATE_LIMITED',
    'WECHAT_UNAVAILABLE',
    'SERVICE_UNAVAILABLE',
  ],
  'call-operator': [
    'INTERNAL',
    'WECHAT_MISCONFIGURED',
  ],
} as const;

/** What a client does next. The only field of an error to branch on. */
export type Remedy = keyof typeof CODES_BY_REMEDY;

export type ServerErrorCode = (typeof CODES_BY_REMEDY)[Remedy][number];
