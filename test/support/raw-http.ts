import { connect, type Socket } from 'node:net';
import type { Answer } from './test-server.js';

/** Sends bytes as they are, for what a well-behaved HTTP client refuses to send, and reads until the server hangs up. */
export async function sendRaw(url: string, text: string | Buffer): Promise<Answer> {
  const connection = openConnection(url);
  connection.socket.write(text);
  const [answer] = await connection.answers();
  if (!answer) throw new Error('the server hung up without an answer');
  return answer;
}

/** A TCP connection to a server, for several requests on it. */
export interface RawConnection {
  readonly socket: Socket;
  /** All answers of the connection, once the server has closed it. Bodies must have a `Content-Length`. */
  answers(): Promise<Answer[]>;
}

export function openConnection(url: string): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    socket.on('close', () => resolve());
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve() : reject(error)));
  });
  return {
    socket,
    answers: async () => {
      await ended;
      return parseAnswers(Buffer.concat(chunks));
    },
  };
}

function parseAnswers(bytes: Buffer): Answer[] {
  const answers: Answer[] = [];
  for (let rest = bytes; rest.length > 0;) {
    const bodyAt = rest.indexOf('\r\n\r\n') + 4;
    const [statusLine = '', ...lines] = rest.toString('latin1', 0, bodyAt - 4).split('\r\n');
    const headers = new Headers(lines.map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
    const bodyEnd = bodyAt + Number(headers.get('content-length') ?? 0);
    const text = rest.toString('utf8', bodyAt, bodyEnd);
    const json = headers.get('content-type')?.includes('json');
    answers.push({
      status: Number(statusLine.split(' ')[1]),
      headers,
      body: json ? (JSON.parse(text) as unknown) : text,
    });
    rest = rest.subarray(bodyEnd);
  }
  return answers;
}
