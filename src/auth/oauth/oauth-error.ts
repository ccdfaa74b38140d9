import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiProperty } from '@nestjs/swagger';
import type { AppError } from '../../errors/app-error.js';
import { toAppError } from '../../errors/problem.js';

/** Errors of RFC 6749 section 5.2, RFC 7009 section 2.2.1 and, for 503, of section 4.1.2.1. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable'
  | 'server_error';

const STATUS: Readonly<Record<OAuthErrorCode, number>> = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unsupported_grant_type: 400,
  temporarily_unavailable: 503,
  server_error: 500,
};

/** The body of a refusal. */
export class OAuthErrorDto {
  @ApiProperty({ enum: Object.keys(STATUS) })
  readonly error!: OAuthErrorCode;

  @ApiProperty()
  readonly error_description!: string;
}

/** A refusal in the words of OAuth. Thrown by the OAuth endpoints only. */
export class OAuthError extends Error {
  constructor(
    readonly code: OAuthErrorCode,
    readonly description: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(code);
  }
}

/** Answers errors of the OAuth endpoints as `{error, error_description}`, so that any OAuth library understands them. */
@Catch()
export class OAuthErrorFilter implements ExceptionFilter {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<unknown>();
    const adapter = this.adapterHost.httpAdapter;
    const error = thrown instanceof OAuthError ? thrown : translate(toAppError(thrown));
    if (error.code === 'invalid_client') adapter.setHeader(response, 'www-authenticate', 'Basic realm="oauth"');
    if (error.code === 'temporarily_unavailable') {
      adapter.setHeader(response, 'retry-after', String(error.retryAfterSeconds ?? 1));
    }
    const body: OAuthErrorDto = { error: error.code, error_description: error.description };
    adapter.reply(response, body, STATUS[error.code]);
  }
}

/** The same for refused clients alone, on routes whose other errors are problems. */
@Catch(OAuthError)
export class RefusedClientFilter extends OAuthErrorFilter {}

function translate(error: AppError): OAuthError {
  switch (error.code) {
    case 'REFRESH_TOKEN_INVALID':
    case 'REFRESH_TOKEN_REUSED':
    case 'SESSION_EXPIRED':
    case 'SESSION_REVOKED':
    case 'USER_DISABLED':
      return new OAuthError('invalid_grant', error.entry.en);
    // A late duplicate costs nobody the session, so it must not look like the end of it.
    case 'REFRESH_SUPERSEDED':
    case 'RATE_LIMITED':
    case 'SERVICE_UNAVAILABLE':
      return new OAuthError('temporarily_unavailable', error.entry.en, error.retryAfterSeconds);
    case 'VALIDATION_FAILED':
    case 'PAYLOAD_TOO_LARGE':
      return new OAuthError('invalid_request', error.detail ?? error.entry.en);
    default:
      return new OAuthError('server_error', error.entry.en);
  }
}
