import { assign } from './assign.js';
import type { Clock } from './clock.js';
import { AuthError, networkFailed, remedyOf } from './errors.js';
import type { Remedy } from './error-table.js';
import { platformError } from './platform.js';
import type { Transport, TransportRequest, TransportResponse } from './transport.js';

/** A good answer. */
export interface Answer<Body = unknown> {
  readonly statusCode: number;
  readonly header: Readonly<Record<string, unknown>>;
  /** The body; without its envelope, where the server wraps answers. */
  readonly data: Body;
  /** Of a download. */
  readonly tempFilePath?: string;
}

/** Sends one request and reads its answer. */
export type Exchange = (
  transport: Transport,
  request: Omit<TransportRequest, 'onTask'>,
  onTask?: (task: unknown) => void,
) => Promise<Answer>;

// The platform's own time-out should come first: it says more.
const GRACE_MS = 1000;

/** Waits so long and no longer. What arrives afterwards is not looked at. */
export function within<Result>(
  milliseconds: number,
  work: Promise<Result>,
  clock: Clock,
  onTimeout?: () => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = clock.after(milliseconds, () => {
      reject(networkFailed({ message: 'timeout' }));
      if (onTimeout) onTimeout();
    });
    work.then(
      (result) => resolve((stop(), result)),
      (error: Error) => reject((stop(), error)),
    );
  });
}

export function abortTask(task: unknown): void {
  if (task && (task as { abort?: () => void }).abort) (task as { abort: () => void }).abort();
}

/** @throws AuthError NETWORK_FAILED without an answer, at the time-out at the latest; otherwise what an answer that is no 2xx says */
export function exchangeBy(clock: Clock): Exchange {
  return (transport, request, onTask) => {
    let running: unknown;
    const watched = assign({}, request, {
      onTask: (task: unknown) => {
        running = task;
        if (onTask) onTask(task);
      },
    });
    const arrived = transport(watched).catch((failure) => {
      throw networkFailed(platformError(failure));
    });
    return within(request.timeout + GRACE_MS, arrived, clock, () => abortTask(running)).then(readAnswer);
  };
}

interface Body {
  readonly success?: unknown;
  readonly code?: unknown;
  readonly datetime?: unknown;
  readonly remedy?: unknown;
  readonly detail?: unknown;
  readonly message?: unknown;
  readonly traceId?: unknown;
  readonly data?: unknown;
}

function readAnswer(response: TransportResponse): Answer {
  const { header = {}, data } = response;
  const status = Number(response.statusCode);
  const whole = parsed(data) as Body;
  const body = objectOf(whole);
  // {success, code, message, datetime, traceId, data}
  const content = ('success' in body && 'datetime' in body ? body.data : whole) as Body;
  if (status >= 200 && status < 300) return assign({}, response, { statusCode: status, header, data: content });
  const { code, remedy, detail, message } = objectOf(content);
  throw new AuthError(
    typeof code === 'string' ? code : `HTTP_${status}`,
    (remedy as Remedy) || remedyOf(status),
    (detail || message || body.message) as string | undefined,
    content,
    status,
    Number(header['Retry-After'] || header['retry-after']) || 0,
    body.traceId,
  );
}

function objectOf(value: unknown): Body {
  return (typeof value === 'object' && value) || {};
}

/** Uploads give their answer as text, and so do platforms that go by the media type. */
function parsed(data: unknown): unknown {
  try {
    return typeof data === 'string' ? JSON.parse(data) : data;
  } catch {
    return data;
  }
}
