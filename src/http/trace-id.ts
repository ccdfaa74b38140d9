import type { IncomingMessage } from 'node:http';
import { drawRandom } from '../crypto/random-stock.js';

const ID_BYTES = 16;
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace id of a request: the caller's, if it sent a W3C `traceparent`, otherwise a new one (32 hex digits). */
export function traceIdOf(request: IncomingMessage): string {
  const { traceparent } = request.headers;
  const sent = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
  return sent ?? newTraceId();
}

/** A trace id for what is no request of anybody's (32 hex digits). */
export function newTraceId(): string {
  return drawRandom(ID_BYTES).toString('hex');
}
