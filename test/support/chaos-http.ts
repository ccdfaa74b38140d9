import { Agent, request, type IncomingMessage } from 'node:http';

/** What came back, complete to the last byte. */
export interface WholeAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export interface SendOptions {
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly agent?: Agent | undefined;
  /** The caller gives up after it. */
  readonly withinMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the last byte of the request has been handed to the operating system. */
  readonly onSent?: () => void;
}

const PATIENCE_MS = 5000;

/** One attempt of one request: an answer that arrived whole, or an error. Never repeats anything by itself. */
export function send(method: string, url: string, options: SendOptions = {}): Promise<WholeAnswer> {
  const { body, token, agent, withinMs = PATIENCE_MS, signal, onSent } = options;
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const limit = AbortSignal.timeout(withinMs);
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method,
      agent,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      headers: {
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => void readWhole(incoming).then(resolve, reject));
    outgoing.end(payload, onSent);
  });
}

/** Reads a message to its end, and rejects one that was cut off. */
export async function readWhole(message: IncomingMessage): Promise<WholeAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  if (!message.complete) throw new Error('the message was cut off');
  return {
    status: message.statusCode ?? 0,
    contentType: message.headers['content-type'] ?? '',
    text: Buffer.concat(chunks).toString('utf8'),
  };
}
