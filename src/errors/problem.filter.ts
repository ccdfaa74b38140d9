import { isNativeError } from 'node:util/types';
import { randomBytes } from 'node:crypto';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Logger } from 'pino';
import { preferredLanguage } from './preferred-language.js';
import { toAppError, toProblem } from './problem.js';
import type { AppError } from './app-error.js';

interface IncomingRequest {
  /** Ours on Fastify; Express has none, and middleware may put something else there. */
  readonly id?: unknown;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Answers every error as `application/problem+json`, on Fastify and Express, and logs those that an operator should see. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly logger: Logger,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<IncomingRequest>();
    const response = http.getResponse<unknown>();
    const adapter = this.adapterHost.httpAdapter;
    if (adapter.isHeadersSent(response)) return;

    const error = toAppError(thrown);
    const traceId = typeof request.id === 'string' ? request.id : randomBytes(16).toString('hex');
    this.log(error, traceId);
    const problem = toProblem(error, preferredLanguage(request.headers['accept-language']), traceId);
    adapter.setHeader(response, 'x-trace-id', traceId);
    for (const [name, value] of Object.entries(headersFor(error))) adapter.setHeader(response, name, value);
    adapter.reply(response, problem, problem.status);
  }

  private log(error: AppError, traceId: string): void {
    const fields = { traceId, code: error.code, context: error.context, err: error.cause };
    if (error.entry.status >= 500) this.logger.error(fields, 'request failed');
    else if (error.context || isNativeError(error.cause)) this.logger.debug(fields, 'request refused');
  }
}

function headersFor(error: AppError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (error.entry.remedy === 'retry-later' && error.entry.status !== 409) {
    headers['retry-after'] = String(error.retryAfterSeconds ?? 5);
  }
  if (error.entry.status === 401) {
    // RFC 6750 section 3.1: without the error code when no token came.
    headers['www-authenticate'] = error.code === 'ACCESS_TOKEN_MISSING' ? 'Bearer' : 'Bearer error="invalid_token"';
  }
  return headers;
}
