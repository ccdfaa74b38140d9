import type { ErrorCode } from '../../../src/errors/catalog.js';
import type { Forge } from '../../support/signing-forge.js';

/** A token that must not be accepted, and why. */
export interface Attack {
  /** What is wrong with it: "a token ..." */
  readonly name: string;
  readonly token: (forge: Forge) => string;
  /** ACCESS_TOKEN_INVALID unless something else is true of it. */
  readonly code?: ErrorCode;
  /** It holds characters that no HTTP header can carry. */
  readonly inBodiesOnly?: boolean;
}

/** Names a value the way a test's title can show it. */
export function show(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 70 ? `${text.slice(0, 67)}...` : text;
}
