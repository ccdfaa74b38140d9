import { isNativeError } from 'node:util/types';
import { AppError } from '../errors/app-error.js';

// Node's network errors, and SQLSTATE classes 08 (connection), 53 (resources), 57 (operator intervention: shutdown,
// crash, cancelled by a timeout), 55P03 (lock timeout), 40001 and 40P01 (serialization, deadlock), 42P01 and 42703 (no such
// table, no such column: the migrations have not been run yet).
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);
const SQL_STATE = /^(08|53|57)|^(55P03|40001|40P01|42P01|42703)$/;

// node-postgres reports these without a code.
const MESSAGE =
  /timeout|terminated|Connection ended|not queryable|client has encountered a connection error|pool after calling end/i;

// Unlike Node's codes (EPIPE) every one has a digit.
const ANY_SQL_STATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/**
 * Whether the database said this itself, rather than the connection to it having failed.
 *
 * Not `instanceof DatabaseError`: the embedded database has a class of its own.
 */
export function hasSqlState(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && ANY_SQL_STATE.test(code);
}

/** The same for what `asUnavailable` made of it: the statement was refused, and what it did is undone. */
export function saidByDatabase(error: unknown): boolean {
  return hasSqlState(error instanceof AppError ? error.cause : error);
}

/** Answers SERVICE_UNAVAILABLE for an error that says "not now", and the error itself for one that says "not like this". */
export function asUnavailable(error: unknown): unknown {
  // Not `instanceof Error`: Node's network errors come from another realm than ours where modules are sandboxed.
  if (error instanceof AppError || !isNativeError(error)) return error;
  const { code } = error as { code?: unknown };
  const passing = typeof code === 'string' ? NETWORK.has(code) || SQL_STATE.test(code) : MESSAGE.test(error.message);
  return passing ? new AppError('SERVICE_UNAVAILABLE', { cause: error, retryAfterSeconds: 2 }) : error;
}
