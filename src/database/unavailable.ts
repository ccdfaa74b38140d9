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

/** Answers SERVICE_UNAVAILABLE for an error that says "not now", and the error itself for one that says "not like this". */
export function asUnavailable(error: unknown): unknown {
  // Not `instanceof Error`: Node's network errors come from another realm than ours where modules are sandboxed.
  if (error instanceof AppError || !isNativeError(error)) return error;
  const { code } = error as { code?: unknown };
  const passing = typeof code === 'string' ? NETWORK.has(code) || SQL_STATE.test(code) : MESSAGE.test(error.message);
  return passing ? new AppError('SERVICE_UNAVAILABLE', { cause: error, retryAfterSeconds: 2 }) : error;
}
