import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SANDBOX_APPS } from '../../config/sandbox-apps.js';
import { createLogger } from '../../logging/logger.js';
import { TestServer } from '../../../test/support/test-server.js';
import { startSandbox, type RunningSandbox } from '../start-sandbox.js';

const [APP_ONE] = SANDBOX_APPS;
const CONTROL_TOKEN = 'a-control-token-of-a-test';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests state what they expect of it
type Json = any;

async function control(sandbox: RunningSandbox, path: string, body: unknown, token?: string) {
  const response = await fetch(`${sandbox.url}/sandbox/push${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

describe('the sandbox as WeChat that pushes', () => {
  let server: TestServer;
  let sandbox: RunningSandbox;
  let url: string;
  beforeAll(async () => {
    server = await TestServer.start({ RATE_LIMIT: 'off' });
    sandbox = await startSandbox({ apps: SANDBOX_APPS, logger: createLogger('silent') });
    url = `${server.url}/v1/wechat/push/${APP_ONE!.appId}`;
  });
  afterAll(async () => {
    await sandbox.close();
    await server.close();
  });

  const statusOf = async (userId: string) =>
    (await server.sql<{ status: string }>('select status from users where id = $1', [userId]))[0]!.status;

  it('passes the check of a push URL', async () => {
    const { body } = await control(sandbox, '/check-url', { url });
    expect(body).toMatchObject({ passed: true, status: 200 });
    const wrong = await control(sandbox, '/check-url', { url: `${server.url}/healthz` });
    expect(wrong.body.passed).toBe(false);
  });

  it.each(['json', 'xml'])('makes a person leave an app, told in %s, several times at once', async (format) => {
    const user = `leaver-${format}`;
    const signedIn = await server.signIn(user);
    const order = { url, user, event: 'user_authorization_cancellation', format, times: 5, simultaneous: true };
    const { status, body } = await control(sandbox, '', order);
    expect(status).toBe(200);
    expect(body.answers).toEqual(Array.from({ length: 5 }, () => ({ status: 200, body: 'success' })));
    expect(await statusOf(signedIn.body.user.id as string)).toBe('erased');
  });

  it('sends fields of the tester’s choice, and plain mode when asked to', async () => {
    const signedIn = await server.signIn('revoker');
    await server.sql(`update users set nickname = 'Nick' where id = $1`, [signedIn.body.user.id]);
    const nickname = async () =>
      (await server.sql('select nickname from users where id = $1', [signedIn.body.user.id]))[0]!['nickname'];
    const order = { url, user: 'revoker', event: 'user_authorization_revoke', fields: { RevokeInfo: '6' } };
    await control(sandbox, '', { ...order, mode: 'plain' });
    expect(await nickname()).toBe('Nick');
    const { body } = await control(sandbox, '', { ...order, times: 2 });
    expect(body.answers).toHaveLength(2);
    expect(await nickname()).toBeNull();
  });

  it('tells of a server that cannot be reached', async () => {
    const { body } = await control(sandbox, '', { url: 'http://127.0.0.1:9/', user: 'alice', event: 'any_event' });
    expect(body.answers).toEqual([{ status: null, body: '' }]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['an address that is not its own machine', { url: 'http://192.0.2.1/push' }, 'VALIDATION_FAILED'],
    ['a name that only begins like it', { url: 'http://127.0.0.1.example.com/push' }, 'VALIDATION_FAILED'],
    ['another protocol', { url: 'file:///etc/passwd' }, 'VALIDATION_FAILED'],
    ['no URL', { url: 'push' }, 'VALIDATION_FAILED'],
    ['an app it does not know', { appId: 'wx0000000000000000' }, 'WECHAT_APP_UNKNOWN'],
    ['an event without a name', { event: '' }, 'VALIDATION_FAILED'],
    ['fields that are no texts', { fields: { List: [1] } }, 'VALIDATION_FAILED'],
    ['fields with odd names', { fields: { '<x>': '1' } }, 'VALIDATION_FAILED'],
    ['too many repeats', { times: 101 }, 'VALIDATION_FAILED'],
    ['a mode it does not know', { mode: 'compatible' }, 'VALIDATION_FAILED'],
  ])('refuses %s', async (_what, change, code) => {
    const answer = await control(sandbox, '', { url, user: 'alice', event: 'any_event', ...change });
    expect(answer.body.code).toBe(code);
  });
});

describe('a sandbox with a control token', () => {
  let sandbox: RunningSandbox;
  let target: Server;
  let port: number;
  const paths: string[] = [];
  beforeAll(async () => {
    sandbox = await startSandbox({ apps: SANDBOX_APPS, controlToken: CONTROL_TOKEN, logger: createLogger('silent') });
    target = createServer((request, response) => {
      paths.push(request.url!);
      response.end('success');
    });
    await new Promise<void>((resolve) => void target.listen(0, '127.0.0.2', resolve));
    ({ port } = target.address() as AddressInfo);
  });
  afterAll(async () => {
    await sandbox.close();
    target.close();
  });

  it('pushes for whoever carries it, to any address', async () => {
    const order = { url: `http://127.0.0.2:${port}/push?for=me`, user: 'alice', event: 'any_event' };
    expect((await control(sandbox, '', order)).status).toBe(403);
    expect(paths).toEqual([]);
    const { body } = await control(sandbox, '', order, CONTROL_TOKEN);
    expect(body.answers).toEqual([{ status: 200, body: 'success' }]);
    expect(paths[0]).toMatch(/^\/push\?for=me&signature=[0-9a-f]{40}&.*&msg_signature=[0-9a-f]{40}$/);
  });
});
