import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { wasNeverSent } from './never-sent.js';
import { pooledHttp } from './pooled-http.js';

const { axiosRef } = pooledHttp({ connectTimeoutMs: 1000, answerBytes: 1024 });

const failureOf = (url: string, options = {}): Promise<unknown> =>
  axiosRef.get(url, options).then(
    () => null,
    (error: unknown) => error,
  );

describe('a request that failed', () => {
  let port: number;
  let close: () => void;
  beforeAll(async () => {
    // Takes the request and cuts the connection.
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
    close = () => server.close();
  });
  afterAll(() => close());

  it.each(['http://127.0.0.1:9/', 'http://localhost:9/'])('was never sent when nobody listens at %s', async (url) => {
    expect(wasNeverSent(await failureOf(url))).toBe(true);
  });

  it('was never sent when the name does not resolve', async () => {
    expect(wasNeverSent(await failureOf('http://nowhere.invalid/'))).toBe(true);
  });

  it('may have been sent when the connection was cut, or when time was up', async () => {
    const url = `http://127.0.0.1:${port}/`;
    expect(wasNeverSent(await failureOf(url))).toBe(false);
    expect(wasNeverSent(await failureOf(url, { signal: AbortSignal.abort() }))).toBe(false);
  });

  it('may have been sent when one address of several took it', () => {
    const refused = { syscall: 'connect' };
    expect(wasNeverSent({ cause: { errors: [refused, refused] } })).toBe(true);
    expect(wasNeverSent({ cause: { errors: [refused, { syscall: 'read' }] } })).toBe(false);
    expect(wasNeverSent({ cause: { errors: [] } })).toBe(false);
    for (const nothing of [{}, { cause: null }, { cause: 'connect' }, { cause: { syscall: 'read' } }]) {
      expect(wasNeverSent(nothing)).toBe(false);
    }
  });
});
