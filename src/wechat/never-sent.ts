// Where Node says the request had not begun: resolving the name, and opening the connection.
const BEFORE_SENDING = new Set(['getaddrinfo', 'connect']);

/**
 * Whether a failed request certainly never left this machine.
 *
 * Looks at what the HTTP client gives as the cause. False when in doubt: a reset may come before or after the request.
 */
export function wasNeverSent(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  return failedToConnect(cause);
}

function failedToConnect(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { syscall, errors } = error as { syscall?: unknown; errors?: unknown };
  // Several addresses of one name were tried; no `instanceof AggregateError`, because Node's is of another realm in tests.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(failedToConnect);
  return typeof syscall === 'string' && BEFORE_SENDING.has(syscall);
}
