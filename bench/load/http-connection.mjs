import { connect } from 'node:net';

const READ_BYTES = 64 * 1024;

/**
 * One HTTP/1.1 connection that is kept, with one request on it at a time.
 *
 * Written for this benchmark because clients that can do more (undici, autocannon) spend as much time on a request as the
 * fastest servers do, and then it is the client that is measured. It knows Content-Length and chunked bodies.
 */
export class HttpConnection {
  #socket = null;
  #received = '';
  #waiting = null;

  constructor(origin) {
    const { hostname, port, host } = new URL(origin);
    this.address = { host: hostname, port: Number(port), noDelay: true };
    this.hostLine = `host: ${host}\r\n`;
  }

  /** Calls `answered(status, body, head)`, or `failed(error)`. Bodies are read as Latin-1: a character is a byte. */
  send(request, answered, failed) {
    this.#waiting = { answered, failed };
    this.#socket ??= this.#open();
    request.bytes ??= serialise(request, this.hostLine);
    this.#socket.write(request.bytes);
  }

  close() {
    this.#waiting = null;
    this.#socket?.destroy();
  }

  #open() {
    const callback = (length, buffer) => this.#read(buffer.latin1Slice(0, length));
    const socket = connect({ ...this.address, onread: { buffer: Buffer.alloc(READ_BYTES), callback } });
    socket.once('error', () => {});
    socket.once('close', () => this.#closed());
    return socket;
  }

  #read(text) {
    this.#received = this.#received === '' ? text : this.#received + text;
    const answer = parse(this.#received);
    if (answer && this.#waiting) {
      const { answered } = this.#waiting;
      this.#received = '';
      this.#waiting = null;
      answered(answer.status, answer.body, answer.head);
    }
    return true;
  }

  /** A server may close what is idle; then the next request opens it again. */
  #closed() {
    this.#socket = null;
    this.#received = '';
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.failed(new Error('the connection was closed before the answer'));
  }
}

function serialise({ method, path, headers, body }, hostLine) {
  let head = `${method} ${path} HTTP/1.1\r\n${hostLine}`;
  for (let n = 0; n < headers.length; n += 2) head += `${headers[n]}: ${headers[n + 1]}\r\n`;
  if (body !== undefined) head += `content-length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${head}\r\n${body ?? ''}`);
}

const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;

/** Null while something is missing. */
function parse(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = text.slice(0, end);
  const body = bodyOf(head, text, end + 4);
  return body === null ? null : { status: Number(head.slice(9, 12)), head, body };
}

function bodyOf(head, text, start) {
  const length = CONTENT_LENGTH.exec(head)?.[1];
  if (length !== undefined) return text.length < start + Number(length) ? null : text.slice(start);
  return CHUNKED.test(head) ? joinChunks(text, start) : '';
}

function joinChunks(text, start) {
  let body = '';
  for (let at = start; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = parseInt(text.slice(at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (text.length < next) return null;
    if (size === 0) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = next;
  }
}
