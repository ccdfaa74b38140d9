import type { Clock } from './clock.js';
import { AuthError } from './errors.js';
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

/** Lets a caller give up on a request. */
export interface Cancel {
  isCancelled: boolean;
  /** The platform's task while one is running. */
  task: unknown;
}

// The platform's own time-out should come first: it ends the request as well, and says more.
const GRACE_MS = 1000;

/**
 * Sends one request and reads its answer. It ends: if nothing else happens, at its time-out.
 *
 * @throws AuthError NETWORK_FAILED without an answer; otherwise what an answer that is no 2xx says
 */
export function exchange(
  transport: Transport,
  request: Omit<TransportRequest, 'onTask'>,
  clock: Clock,
  cancel: Cancel = { isCancelled: false, task: null },
  onTask?: (task: unknown) => void,
): Promise<Answer> {
  const carried = Object.assign({}, request, {
    onTask: (task: unknown) => {
      cancel.task = task;
      if (onTask) onTask(task);
    },
  });
  const arrived = transport(carried).then(undefined, (failure) => {
    throw platformError('request', failure, 'NETWORK_FAILED');
  });
  return within(request.timeout + GRACE_MS, arrived, clock, () => abortTask(cancel.task)).then(readAnswer);
}

/** Waits so long and no longer. What arrives afterwards is not looked at. */
export function within<Result>(
  milliseconds: number,
  work: Promise<Result>,
  clock: Clock,
  onTimeout?: () => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const settled = clock.after(milliseconds, () => {
      reject(new AuthError('NETWORK_FAILED', { message: `no answer within ${milliseconds} ms` }));
      if (onTimeout) onTimeout();
    });
    const settle =
      <Value>(pass: (value: Value) => void) =>
      (value: Value) => {
        settled();
        pass(value);
      };
    work.then(settle(resolve), settle(reject));
  });
}

export function abortTask(task: unknown): void {
  const { abort } = (task || {}) as { abort?: () => void };
  if (abort) abort.call(task);
}

interface Envelope {
  readonly success: boolean;
  readonly code: number;
  readonly message: unknown;
  readonly traceId: unknown;
  readonly data: unknown;
}

interface ProblemBody {
  readonly code?: unknown;
  readonly remedy?: unknown;
  readonly detail?: unknown;
  readonly message?: unknown;
  readonly traceId?: unknown;
}

function readAnswer(response: TransportResponse): Answer {
  const statusCode = Number(response.statusCode);
  const header = response.header || {};
  const body = parsed(response.data);
  const envelope = isEnvelope(body) ? body : null;
  const data = envelope ? envelope.data : body;
  if (statusCode >= 200 && statusCode < 300) {
    const { tempFilePath } = response;
    return Object.assign({ statusCode, header, data }, tempFilePath === undefined ? {} : { tempFilePath });
  }
  const problem = (typeof data === 'object' && data ? data : {}) as ProblemBody;
  const seconds = Number(headerOf(header, 'retry-after') || NaN);
  throw new AuthError(typeof problem.code === 'string' ? problem.code : `HTTP_${statusCode}`, {
    status: statusCode,
    remedy: problem.remedy,
    message: problem.detail || problem.message || (envelope && envelope.message),
    traceId: problem.traceId || (envelope ? envelope.traceId : headerOf(header, 'x-trace-id')),
    details: data,
    ...(seconds >= 0 ? { retryAfter: seconds } : {}),
  });
}

/** Uploads give their answer as text, and so do platforms that go by the media type. */
function parsed(data: unknown): unknown {
  if (typeof data !== 'string' || !/^\s*[{[]/.test(data)) return data;
  try {
    return JSON.parse(data);
  } catch (_error) {
    return data;
  }
}

function isEnvelope(body: unknown): body is Envelope {
  const { success, code } = (body || {}) as Partial<Envelope>;
  return typeof success === 'boolean' && typeof code === 'number' && 'data' in (body as object) && 'datetime' in (body as object);
}

function headerOf(header: Readonly<Record<string, unknown>>, name: string): unknown {
  const key = Object.keys(header).filter((one) => one.toLowerCase() === name)[0];
  return key === undefined ? undefined : header[key];
}
