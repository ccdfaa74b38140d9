import { HttpException } from '@nestjs/common';
import { AppError, type ProblemExtensions } from './app-error.js';
import type { ErrorCode, Remedy } from './catalog.js';
import type { Language } from './preferred-language.js';

/** The body of every error answer (RFC 9457, `application/problem+json`). */
export interface Problem extends ProblemExtensions {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly remedy: Remedy;
  readonly detail: string;
  readonly traceId: string;
}

/** Words an error for the caller, with its extensions. Nothing of its cause or context gets in. */
export function toProblem(error: AppError, language: Language, traceId: string): Problem {
  const { status, remedy, [language]: title } = error.entry;
  return {
    ...error.extensions,
    type: `urn:wechat-passport:error:${error.code}`,
    title,
    status,
    code: error.code,
    remedy,
    detail: error.detail ?? title,
    traceId,
  };
}

/**
 * Turns whatever was thrown into an error of the catalog.
 *
 * Errors of the HTTP layer (malformed JSON, unknown route, body over the limit) and Nest's own exceptions, of guards that
 * are not ours for example, carry a status below 500 and become the matching code; everything else is INTERNAL, with the
 * original as the cause and nothing of it in the answer.
 */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const status = httpStatusOf(thrown);
  // The router's message quotes the path, and people paste tokens into paths; so it is no cause that a log may have.
  if (status === 404) return new AppError('NOT_FOUND');
  if (status === 401) return new AppError('ACCESS_TOKEN_INVALID', { cause: thrown });
  if (status === 403) return new AppError('FORBIDDEN', { cause: thrown });
  if (status === 413) return new AppError('PAYLOAD_TOO_LARGE', { cause: thrown });
  if (status === 429) return new AppError('RATE_LIMITED', { cause: thrown });
  if (status === 503) return new AppError('SERVICE_UNAVAILABLE', { cause: thrown, retryAfterSeconds: 5 });
  if (status >= 400 && status < 500) {
    return new AppError('VALIDATION_FAILED', { cause: thrown, detail: malformedDetail(status) });
  }
  return new AppError('INTERNAL', { cause: thrown });
}

function httpStatusOf(thrown: unknown): number {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (typeof thrown !== 'object' || thrown === null) return 500;
  // Fastify's and Express's own errors. A `status` says less: HTTP clients put that of somebody else's answer there.
  const { statusCode } = thrown as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 500;
}

function malformedDetail(status: number): string {
  return status === 415 ? 'The body must be application/json.' : 'The request could not be read.';
}
