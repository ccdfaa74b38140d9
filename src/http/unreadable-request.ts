import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { AppError } from '../errors/app-error.js';
import { toProblem } from '../errors/problem.js';
import { newTraceId } from './trace-id.js';

/**
 * Makes the handler for bytes that are no HTTP request, or one whose head is over Node's limit of 16 kB.
 *
 * They never become a request, so the answer is written to the bare socket, in English.
 */
export function unreadableRequestHandler(logger: Logger): (error: NodeJS.ErrnoException, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const traceId = newTraceId();
    logger.debug({ traceId, code: error.code }, 'unreadable request');
    const refusal = new AppError('VALIDATION_FAILED', { detail: 'The request could not be read.' });
    const body = JSON.stringify(toProblem(refusal, 'en', traceId));
    const head = [
      'HTTP/1.1 400 Bad Request',
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-trace-id: ${traceId}`,
      'cache-control: no-store',
      'connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  };
}
