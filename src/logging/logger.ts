import { isNativeError } from 'node:util/types';
import { pino, type DestinationStream, type Logger } from 'pino';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

// Names under which a secret could be logged by mistake, at the top of a log entry or one level down.
const SECRET_NAMES = [
  'authorization',
  'authentication',
  'sid',
  'cookie',
  'code',
  'js_code',
  'secret',
  'appSecret',
  'session_key',
  'sessionKey',
  'access_token',
  'accessToken',
  'refresh_token',
  'refreshToken',
  'password',
  'phone',
  'openid',
  'unionid',
  'masterKeys',
  'component_access_token',
  'tokenSecret',
  'symmetricKey',
  'privateKey',
  'mergeTicket',
  'ticket',
];

// Only these keep their value under a name of the list: an error's code is of the catalog or of Node, never a login code.
const PUBLIC_CODE = /^[A-Z0-9_]{2,64}$/;

const SECRET_TEXT = /((?:js_code|secret|access_token|session_key|openid)=)[^&\s"']+|eyJ[\w-]{10,}\.[\w-]+\.[\w-]*/g;

// A system call a line would cost a request more than all else that is logged of it.
const BUFFERED_BYTES = 8192;
const BUFFERED_MS = 100;

/**
 * Makes the process's logger: one JSON object a line, on standard output unless told otherwise.
 *
 * Standard output gets the lines together, a tenth of a second late at most, and the last ones before the process exits;
 * one that is killed may take them with it.
 *
 * Callers must not hand it secrets; the redaction here is the second line of defence, by field name and by pattern.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serializeError },
    redact: {
      paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`]),
      censor: (value: unknown, path: string[]) =>
        value === undefined || (path.at(-1) === 'code' && isPublicCode(value)) ? value : '[redacted]',
    },
  };
  return pino(options, destination ?? standardOutput());
}

function standardOutput(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, minLength: BUFFERED_BYTES, periodicFlush: BUFFERED_MS });
}

function isPublicCode(value: unknown): boolean {
  return typeof value === 'string' && PUBLIC_CODE.test(value);
}

/** Keeps of an error what helps and cannot hold personal data: no `detail`, `config`, `request` or `parameters`. */
export function serializeError(error: unknown): unknown {
  if (!isNativeError(error)) return error === undefined ? undefined : { type: typeof error };
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return {
    type: error.name,
    message: scrub(error.message),
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    constraint: typeof constraint === 'string' ? constraint : undefined,
    stack: error.stack ? scrub(error.stack) : undefined,
    cause: error.cause === undefined ? undefined : serializeError(error.cause),
  };
}

function scrub(text: string): string {
  return text.replace(SECRET_TEXT, (_match, name: string | undefined) => `${name ?? ''}[redacted]`);
}
