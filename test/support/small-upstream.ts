import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small HTTP server on the loopback address that remembers what reached it. */
export interface SmallUpstream {
  readonly url: string;
  readonly port: number;
  /** Method and request target of every request, in order of arrival. */
  readonly requests: string[];
  close(): Promise<void>;
}

export async function startSmallUpstream(answer: RequestListener): Promise<SmallUpstream> {
  const requests: string[] = [];
  const note = ({ method, url }: IncomingMessage) => requests.push(`${method} ${url}`);
  const server = createServer((request, response) => {
    note(request);
    answer(request, response);
  });
  // What a client sends to a proxy when it wants HTTPS.
  server.on('connect', (request: IncomingMessage, socket) => {
    note(request);
    socket.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
