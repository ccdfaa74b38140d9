import { ERROR_CATALOG, type CatalogEntry, type ErrorCode } from './catalog.js';

/** Members of a problem's body beyond the seven of every problem (RFC 9457 section 3.2). */
export interface ProblemExtensions {
  /** Permits to merge the two accounts, or to claim the number; a secret. */
  readonly mergeTicket?: string;
  /** Seconds. */
  readonly mergeTicketExpiresIn?: number;
}

export interface AppErrorDetails {
  /** What went wrong underneath; goes to the log, never to the caller. */
  readonly cause?: unknown;
  /** Facts for the log: ids, counts and names, never a secret or a personal value. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
  /** Text for the caller beyond the catalog's; must not repeat what the caller sent. */
  readonly detail?: string;
  /** Seconds for the `Retry-After` header. */
  readonly retryAfterSeconds?: number;
  /** What the caller alone gets; may be secret, so it never enters a log. */
  readonly extensions?: ProblemExtensions;
}

/** The one error that services throw on purpose. Its code names an entry of the catalog; only the filter knows HTTP. */
export class AppError extends Error {
  readonly context: AppErrorDetails['context'];
  readonly detail: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  // Hidden from whatever prints an error with all its fields.
  readonly #extensions: ProblemExtensions;

  constructor(
    readonly code: ErrorCode,
    details: AppErrorDetails = {},
  ) {
    super(code, { cause: details.cause });
    this.name = 'AppError';
    this.context = details.context;
    this.detail = details.detail;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.#extensions = details.extensions ?? {};
  }

  get extensions(): ProblemExtensions {
    return this.#extensions;
  }

  get entry(): CatalogEntry {
    return ERROR_CATALOG[this.code];
  }
}
