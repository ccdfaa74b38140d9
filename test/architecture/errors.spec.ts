import { ERROR_CATALOG, type CatalogEntry } from '../../src/errors/catalog.js';
import { read, sourceFiles } from '../support/repository.js';

/** The contract with every client, line by line: status, codes, remedy. */
const CONTRACT: readonly (readonly [status: number, codes: string, remedy: string])[] = [
  [400, 'VALIDATION_FAILED WECHAT_APP_UNKNOWN', 'fix-request'],
  [400, 'WECHAT_CODE_REJECTED TICKET_INVALID USER_DATA_UNREADABLE', 'login-again'],
  [400, 'PHONE_CODE_REJECTED CREDENTIALS_INVALID OTP_INVALID PROOF_REQUIRED', 'ask-user'],
  [401, 'ACCESS_TOKEN_MISSING', 'login-again'],
  [401, 'ACCESS_TOKEN_EXPIRED ACCESS_TOKEN_INVALID', 'refresh'],
  [401, 'SESSION_EXPIRED', 'login-again'],
  [401, 'SESSION_REVOKED', 'ask-user'],
  [401, 'REFRESH_TOKEN_INVALID REFRESH_TOKEN_REUSED', 'login-again'],
  [403, 'FORBIDDEN USER_DISABLED WECHAT_USER_BLOCKED', 'stop'],
  [404, 'NOT_FOUND', 'fix-request'],
  [413, 'PAYLOAD_TOO_LARGE', 'fix-request'],
  [409, 'REFRESH_SUPERSEDED', 'retry-later'],
  [409, 'SESSION_KEY_STALE WECHAT_IDENTITY_REQUIRED', 'login-again'],
  [409, 'PHONE_ALREADY_LINKED IDENTITY_ALREADY_LINKED', 'ask-user'],
  [429, 'RATE_LIMITED WECHAT_RATE_LIMITED', 'retry-later'],
  [500, 'INTERNAL', 'call-operator'],
  [502, 'WECHAT_MISCONFIGURED', 'call-operator'],
  [503, 'WECHAT_UNAVAILABLE SERVICE_UNAVAILABLE', 'retry-later'],
];

const catalog: Readonly<Record<string, CatalogEntry>> = ERROR_CATALOG;

describe('the error catalog', () => {
  it('has the codes, statuses and remedies that clients rely on, and no other code', () => {
    const promised = CONTRACT.flatMap(([status, codes, remedy]) =>
      codes.split(' ').map((code) => [code, { status, remedy }] as const),
    );
    const kept = Object.entries(catalog).map(([code, { status, remedy }]) => [code, { status, remedy }] as const);
    expect(Object.fromEntries(kept)).toEqual(Object.fromEntries(promised));
  });

  it('words every error in English and in Chinese', () => {
    const wrong = Object.entries(catalog).filter(
      ([, entry]) =>
        !/^[A-Z].+\.$/.test(entry.en) ||
        /\p{Script=Han}/u.test(entry.en) ||
        !/^\p{Script=Han}.*。$/u.test(entry['zh-CN']),
    );
    expect(wrong.map(([code]) => code)).toEqual([]);
  });

  it('is the only source of codes: every AppError names one of its entries', () => {
    const thrown = sourceFiles().flatMap((path) =>
      [...read(path).matchAll(/new AppError\(\s*(?:'([^']*)'|"([^"]*)"|`([^`]*)`)/g)].map(
        ([, single, double, template]) => single ?? double ?? template!,
      ),
    );
    expect(thrown.length).toBeGreaterThan(20);
    expect(thrown.filter((code) => !(code in catalog))).toEqual([]);
  });

  it('is listed in docs/errors.md, code by code', () => {
    const lines = read('docs/errors.md').split('\n');
    const missing = Object.entries(catalog).filter(
      ([code, { status, remedy }]) =>
        !lines.some((line) => line.includes(code) && line.includes(String(status)) && line.includes(remedy)),
    );
    expect(missing.map(([code]) => code)).toEqual([]);
  });
});
