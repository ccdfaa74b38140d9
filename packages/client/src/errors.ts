import { CODES_BY_REMEDY, type Remedy, type ServerErrorCode } from './error-table.js';

/** What goes wrong on the phone, before or without an answer of the server. */
export type ClientErrorCode =
  | 'NETWORK_FAILED'
  | 'ANSWER_UNREADABLE'
  | 'WX_LOGIN_FAILED'
  | 'SIGN_IN_REQUIRED'
  | 'REGISTRATION_REQUIRED'
  | 'TAP_AGAIN'
  | 'PHONE_REFUSED'
  | 'SCOPE_DENIED'
  | 'LOCATION_OFF'
  | 'PRIVACY_DENIED'
  | 'PRIVACY_UNDECLARED'
  | 'PRIVACY_BANNED'
  | 'PLATFORM_FAILED'
  | 'PLATFORM_UNSUPPORTED'
  | 'URL_NOT_TRUSTED'
  | 'REQUEST_ABORTED';

const CLIENT_CODES_BY_REMEDY: Partial<Record<Remedy, readonly ClientErrorCode[]>> = {
  'retry-later': ['NETWORK_FAILED', 'ANSWER_UNREADABLE', 'WX_LOGIN_FAILED'],
  'ask-user': [
    'SIGN_IN_REQUIRED',
    'REGISTRATION_REQUIRED',
    'TAP_AGAIN',
    'PHONE_REFUSED',
    'SCOPE_DENIED',
    'LOCATION_OFF',
    'PRIVACY_DENIED',
  ],
  'call-operator': ['PRIVACY_UNDECLARED', 'PRIVACY_BANNED'],
  stop: ['REQUEST_ABORTED'],
};

/** What is known of a failure beside its code. */
export interface AuthErrorFacts {
  readonly status?: number;
  readonly remedy?: unknown;
  readonly message?: unknown;
  readonly traceId?: unknown;
  readonly retryAfter?: number;
  readonly details?: unknown;
}

/** Every failure of this package. Branch on `remedy`; show `message`; tell the operator `traceId`. */
export class AuthError extends Error {
  /** Of the server's catalog, of this package, or of a business back end of yours. */
  readonly code: ServerErrorCode | ClientErrorCode | (string & {});
  readonly remedy: Remedy;
  /** The HTTP status, 0 when there was no answer. */
  readonly status: number;
  readonly traceId: string | null;
  /** Seconds to wait before another try, where the server said so. */
  readonly retryAfter: number | null;
  /** The body of the answer with all its fields (`mergeTicket` for example), or what the platform gave to `fail`. */
  readonly details: unknown;

  constructor(code: string, facts: AuthErrorFacts = {}) {
    super(typeof facts.message === 'string' && facts.message ? facts.message : code);
    this.name = 'AuthError';
    this.code = code;
    this.status = facts.status || 0;
    this.remedy = isRemedy(facts.remedy) ? facts.remedy : remedyOf(code, this.status);
    this.traceId = typeof facts.traceId === 'string' ? facts.traceId : null;
    this.retryAfter = facts.retryAfter === undefined ? null : facts.retryAfter;
    this.details = facts.details;
  }

  /** Whether the same may work later, so that nothing that is kept has to be given up. */
  get isTransient(): boolean {
    return this.remedy === 'retry-later' || this.status >= 500 || this.status === 429;
  }
}

function isRemedy(value: unknown): value is Remedy {
  return typeof value === 'string' && value in CODES_BY_REMEDY;
}

function remedyOf(code: string, status: number): Remedy {
  const remedies = Object.keys(CODES_BY_REMEDY) as Remedy[];
  const named = remedies.filter((remedy) =>
    ([] as string[]).concat(CODES_BY_REMEDY[remedy], CLIENT_CODES_BY_REMEDY[remedy] || []).some((one) => one === code),
  )[0];
  if (named) return named;
  if (status === 401) return 'refresh';
  if (status === 403) return 'stop';
  if (status === 429 || (status > 501 && status < 505)) return 'retry-later';
  return status >= 500 ? 'call-operator' : 'fix-request';
}
