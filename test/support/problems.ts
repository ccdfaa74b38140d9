import { ERROR_CATALOG, type ErrorCode } from '../../src/errors/catalog.js';
import type { Answer } from './test-server.js';

/**
 * Expects an answer to be the problem of this code in every part that is promised: status, media type, exactly the seven
 * members, or those and the extensions given, remedy, the trace id in body and header, and the headers that some statuses oblige to.
 */
export function expectProblem(answer: Answer, code: ErrorCode, extensions: object = {}): void {
  const { status, remedy, en } = ERROR_CATALOG[code];
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json(; charset=utf-8)?$/);
  expect(answer.body).toEqual({
    ...extensions,
    type: `urn:wechat-passport:error:${code}`,
    title: en,
    status,
    code,
    remedy,
    detail: expect.stringMatching(/\S/),
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(answer.headers.get('x-trace-id')).toBe(answer.body.traceId);
  if (status === 429 || status === 503) expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  else expect(answer.headers.get('retry-after')).toBeNull();
  expect(answer.headers.get('www-authenticate')).toBe(challengeOf(code));
}

function challengeOf(code: ErrorCode): string | null {
  if (ERROR_CATALOG[code].status !== 401) return null;
  return code === 'ACCESS_TOKEN_MISSING' ? 'Bearer' : 'Bearer error="invalid_token"';
}
