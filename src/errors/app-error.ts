import { ERROR_CATALOG, type CatalogEntry, type ErrorCode } from './catalog.js';

export interface AppErrorDetails {
  /** What went wrong underneath; goes to the log, never to the caller. */
  readonly cause?: unknown;
  /** Facts for the log: ids, counts and names, never a secret or a personal value. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
  /** Text for the caller beyond the catalog's; must not repeat what the caller sent. */
  readonly detail?: string;
  /** Seconds for the `Retry-After` header. */
  readonly retryAfterSeconds?: number;
}

/** The one error that services throw on purpose. Its code names an entry of the catalog; only the filter knows HTTP. */
export class AppError extends Error {
  readonly context: AppErrorDetails['context'];
  readonly detail: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly code: ErrorCode,
    details: AppErrorDetails = {},
  ) {
    super(code, { cause: details.cause });
    this.name = 'AppError';
    this.context = details.context;
    this.detail = details.detail;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  get entry(): CatalogEntry {
    return ERROR_CATALOG[this.code];
  }
}
