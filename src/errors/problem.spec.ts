import { inspect } from 'node:util';
import { ForbiddenException, HttpException, NotFoundException, UnauthorizedException } from '@nestjs/common';
import fc from 'fast-check';
import { AppError } from './app-error.js';
import { ERROR_CATALOG, type ErrorCode } from './catalog.js';
import { createLogger } from '../logging/logger.js';
import { toAppError, toProblem } from './problem.js';

const TRACE_ID = '0123456789abcdef0123456789abcdef';
const SECRET = 'CANARY5e6d';
const CODES = Object.keys(ERROR_CATALOG) as ErrorCode[];

describe('the catalog', () => {
  // The table of the contract. Clients of released versions live by it: nothing here changes or goes.
  it.each<[number, string, ErrorCode[]]>([
    [400, 'fix-request', ['VALIDATION_FAILED', 'WECHAT_APP_UNKNOWN']],
    [400, 'login-again', ['WECHAT_CODE_REJECTED', 'TICKET_INVALID', 'USER_DATA_UNREADABLE']],
    [400, 'ask-user', ['PHONE_CODE_REJECTED', 'CREDENTIALS_INVALID', 'OTP_INVALID', 'PROOF_REQUIRED']],
    [401, 'refresh', ['ACCESS_TOKEN_EXPIRED', 'ACCESS_TOKEN_INVALID']],
    [401, 'login-again', ['ACCESS_TOKEN_MISSING', 'SESSION_EXPIRED', 'REFRESH_TOKEN_INVALID', 'REFRESH_TOKEN_REUSED']],
    [401, 'ask-user', ['SESSION_REVOKED']],
    [403, 'stop', ['FORBIDDEN', 'USER_DISABLED', 'WECHAT_USER_BLOCKED']],
    [404, 'fix-request', ['NOT_FOUND']],
    [413, 'fix-request', ['PAYLOAD_TOO_LARGE']],
    [409, 'retry-later', ['REFRESH_SUPERSEDED']],
    [409, 'login-again', ['SESSION_KEY_STALE', 'WECHAT_IDENTITY_REQUIRED']],
    [409, 'ask-user', ['PHONE_ALREADY_LINKED', 'IDENTITY_ALREADY_LINKED']],
    [429, 'retry-later', ['RATE_LIMITED', 'WECHAT_RATE_LIMITED']],
    [500, 'call-operator', ['INTERNAL']],
    [502, 'call-operator', ['WECHAT_MISCONFIGURED']],
    [503, 'retry-later', ['WECHAT_UNAVAILABLE', 'SERVICE_UNAVAILABLE']],
  ])('answers %i with remedy %s for %j', (status, remedy, codes) => {
    for (const code of codes) expect({ code, ...ERROR_CATALOG[code] }).toMatchObject({ code, status, remedy });
  });

  it('has a text of its own in both languages for every code', () => {
    for (const language of ['en', 'zh-CN'] as const) {
      const texts = CODES.map((code) => ERROR_CATALOG[code][language]);
      expect(new Set(texts).size).toBe(CODES.length);
      for (const text of texts) expect(/[\u4e00-\u9fff]/.test(text)).toBe(language === 'zh-CN');
    }
  });
});

describe('toProblem', () => {
  it.each(CODES)('words %s with exactly the seven members', (code) => {
    for (const language of ['en', 'zh-CN'] as const) {
      const { status, remedy, [language]: title } = ERROR_CATALOG[code];
      expect(toProblem(new AppError(code), language, TRACE_ID)).toEqual({
        type: `urn:wechat-passport:error:${code}`,
        title,
        status,
        code,
        remedy,
        detail: title,
        traceId: TRACE_ID,
      });
    }
  });

  it('prefers the detail that the error brings', () => {
    const problem = toProblem(new AppError('VALIDATION_FAILED', { detail: 'code: is missing' }), 'en', TRACE_ID);
    expect(problem).toMatchObject({ detail: 'code: is missing', title: ERROR_CATALOG.VALIDATION_FAILED.en });
  });

  it('hands the caller the extensions, beside the seven members', () => {
    const extensions = { mergeTicket: SECRET, mergeTicketExpiresIn: 600 };
    const problem = toProblem(new AppError('PHONE_ALREADY_LINKED', { extensions }), 'en', TRACE_ID);
    expect(problem).toEqual({ ...toProblem(new AppError('PHONE_ALREADY_LINKED'), 'en', TRACE_ID), ...extensions });
  });

  it('lets no extension take the place of a member', () => {
    const extensions = { status: 200, code: SECRET } as object;
    const problem = toProblem(new AppError('PHONE_ALREADY_LINKED', { extensions }), 'en', TRACE_ID);
    expect(problem).toEqual(toProblem(new AppError('PHONE_ALREADY_LINKED'), 'en', TRACE_ID));
  });

  it('shows extensions to nobody who prints, writes out or logs the error', () => {
    const error = new AppError('PHONE_ALREADY_LINKED', { extensions: { mergeTicket: SECRET } });
    const lines: string[] = [];
    createLogger('trace', { write: (line: string) => void lines.push(line) }).error({ err: error, error }, 'refused');
    expect(lines).toHaveLength(1);
    for (const text of [inspect(error, { showHidden: true, depth: null }), JSON.stringify(error), ...lines]) {
      expect(text).toContain('PHONE_ALREADY_LINKED');
      expect(text).not.toContain(SECRET);
    }
  });

  it('takes nothing over from cause and context', () => {
    const error = new AppError('INTERNAL', { cause: new Error(SECRET), context: { secret: SECRET } });
    expect(JSON.stringify(toProblem(error, 'en', TRACE_ID))).not.toContain(SECRET);
  });
});

describe('toAppError', () => {
  it('leaves an error of the catalog as it is', () => {
    const error = new AppError('USER_DISABLED');
    expect(toAppError(error)).toBe(error);
  });

  it.each<[number, ErrorCode]>([
    [400, 'VALIDATION_FAILED'],
    [401, 'ACCESS_TOKEN_INVALID'],
    [403, 'FORBIDDEN'],
    [404, 'NOT_FOUND'],
    [405, 'VALIDATION_FAILED'],
    [408, 'VALIDATION_FAILED'],
    [413, 'PAYLOAD_TOO_LARGE'],
    [415, 'VALIDATION_FAILED'],
    [422, 'VALIDATION_FAILED'],
    [429, 'RATE_LIMITED'],
    [500, 'INTERNAL'],
    [501, 'INTERNAL'],
    [503, 'SERVICE_UNAVAILABLE'],
    [200, 'INTERNAL'],
    [Number.NaN, 'INTERNAL'],
  ])('takes status %i of the HTTP layer for %s', (status, code) => {
    const thrown = Object.assign(new Error(SECRET), { statusCode: status });
    expect(toAppError(thrown).code).toBe(code);
    expect(toAppError(new HttpException(SECRET, status)).code).toBe(code);
  });

  it('takes what guards of other people throw for what they mean', () => {
    expect(toAppError(new ForbiddenException()).code).toBe('FORBIDDEN');
    expect(toAppError(new UnauthorizedException()).code).toBe('ACCESS_TOKEN_INVALID');
    expect(toAppError(new NotFoundException()).code).toBe('NOT_FOUND');
  });

  it('does not take the status of somebody else’s answer for its own', () => {
    // The way axios words that a server it asked answered 404.
    const thrown = Object.assign(new Error('Request failed'), { status: 404, response: { status: 404 } });
    expect(toAppError(thrown).code).toBe('INTERNAL');
  });

  it('keeps the original for the log, and nothing of it for the caller', () => {
    const thrown = new Error(SECRET);
    const error = toAppError(thrown);
    expect(error.cause).toBe(thrown);
    expect(JSON.stringify(toProblem(error, 'en', TRACE_ID))).not.toContain(SECRET);
  });

  it('keeps no cause that quotes the URL', () => {
    expect(toAppError(new NotFoundException(`Cannot GET /${SECRET}`)).cause).toBeUndefined();
  });

  it('makes an error of the catalog of whatever was thrown', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const error = toAppError(thrown);
        expect(CODES).toContain(error.code);
        expect(Object.keys(toProblem(error, 'en', TRACE_ID))).toHaveLength(7);
      }),
    );
  });
});
