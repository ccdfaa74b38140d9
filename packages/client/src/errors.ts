import type { Remedy, ServerErrorCode } from './error-table.js';

/** What goes wrong on the phone, before or without an answer of the server. */
export type ClientErrorCode =
  | 'NETWORK_FAILED'
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
  | 'URL_NOT_TRUSTED'
  | 'REQUEST_ABORTED';

/** Every failure of this package. Branch on `remedy`; show `message`; tell the operator `traceId`. */
export class AuthError extends Error {
  /** Of the server's catalog, of this package, or of a back end of yours. */
  readonly code: ServerErrorCode | ClientErrorCode | (string & {});
  readonly remedy: Remedy;
  /** The HTTP status, 0 when there was no answer. */
  readonly status: number;
  readonly traceId: string | null;
  /** Seconds to wait before another try, 0 where nobody said so. */
  readonly retryAfter: number;
  /** The body of the answer with all its fields (`mergeTicket` for example), or what the platform gave to `fail`. */
  readonly details: unknown;

  /** @internal */
  constructor(
    code: string,
    remedy: Remedy,
    message?: string,
    details?: unknown,
    status = 0,
    retryAfter = 0,
    traceId: unknown = null,
  ) {
    super(message || code);
    this.name = 'AuthError';
    this.code = code;
    this.remedy = remedy;
    this.status = status;
    this.traceId = traceId as string | null;
    this.retryAfter = retryAfter;
    this.details = details;
  }
}

/** Whether the same may work later, so that nothing that is kept has to be given up. */
export function isTransient({ remedy, status }: AuthError): boolean {
  return remedy === 'retry-later' || status >= 500;
}

/** Only a person can go on. */
export function askUser(code: ClientErrorCode, message?: string, details?: unknown): AuthError {
  return new AuthError(code, 'ask-user', message, details);
}

/** There was no answer, or none of the server's: a captive portal, for example, answers 200 and a page. */
export function networkFailed({ message, details }: { message: string; details?: unknown }): AuthError {
  return new AuthError('NETWORK_FAILED', 'retry-later', message, details);
}

/** What to do about an answer that does not say so itself, a proxy's for example. */
export function remedyOf(status: number): Remedy {
  if (status === 401) return 'refresh';
  if (status === 403) return 'stop';
  return status < 500 && status !== 429 ? 'fix-request' : 'retry-later';
}
