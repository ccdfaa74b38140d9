import { PassThrough } from 'node:stream';
import { declaredRoutes, type DeclaredRoute } from '../../test/support/routes.js';
import { createHttpApp } from '../configure-app.js';
import { createLogger } from '../logging/logger.js';
import { SandboxModule } from './sandbox.module.js';
import { startSandbox, type RunningSandbox } from './start-sandbox.js';

const APPS = [{ appId: 'wx1', secret: 'secret-one' }];
const CONTROL_TOKEN = 'control-token-of-this-test';

let running: RunningSandbox;
let log: string;

beforeAll(async () => {
  log = '';
  const destination = new PassThrough().on('data', (chunk: Buffer) => (log += chunk.toString()));
  const logger = createLogger('trace', destination);
  running = await startSandbox({ apps: APPS, controlToken: CONTROL_TOKEN, logger });
});
afterAll(() => running.close());

const call = (method: string, path: string, authorization?: string, body?: unknown) =>
  fetch(running.url + path, {
    method,
    headers: { ...(authorization ? { authorization } : {}), ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : null,
  });

async function exchange(code: string): Promise<{ openid?: string; session_key?: string; errcode?: number }> {
  const query = new URLSearchParams({ appid: 'wx1', secret: 'secret-one', js_code: code });
  const response = await call('GET', `/sns/jscode2session?${query}&grant_type=authorization_code`);
  return (await response.json()) as Awaited<ReturnType<typeof exchange>>;
}

describe('a sandbox with a control token', () => {
  it('refuses every control route without the token, and no other', async () => {
    const routes = await sandboxRoutes();
    const control = routes.filter(({ path }) => path.startsWith('/sandbox/'));
    expect(control.length).toBeGreaterThan(15);
    for (const { method, path } of routes) {
      const response = await call(method, path.replace(':appId', 'wx1'));
      const refused = response.status === 403;
      expect({ method, path, refused }).toEqual({ method, path, refused: path.startsWith('/sandbox/') });
      if (refused) expect(await response.json()).toMatchObject({ code: 'FORBIDDEN' });
    }
  });

  it.each([
    ['another token', 'Bearer control-token-of-that-test'],
    ['the token without its scheme', CONTROL_TOKEN],
    ['the token in another scheme', `Basic ${CONTROL_TOKEN}`],
    ['a part of the token', 'Bearer control-token'],
    ['more than the token', `Bearer ${CONTROL_TOKEN} ${CONTROL_TOKEN}`],
    ['a scheme without a token', 'Bearer'],
  ])('refuses %s', async (_what, authorization) => {
    expect((await call('GET', '/sandbox/calls', authorization)).status).toBe(403);
  });

  it('obeys whoever carries it', async () => {
    const authorization = `Bearer ${CONTROL_TOKEN}`;
    const login = await call('POST', '/sandbox/wx-login', authorization, { user: 'alice' });
    expect(login.status).toBe(200);
    const { code } = (await login.json()) as { code: string };
    expect(await exchange(code)).toHaveProperty('openid');
    expect((await call('DELETE', '/sandbox/faults', `bearer ${CONTROL_TOKEN}`)).status).toBe(204);
  });

  it('answers WeChat calls without it, as WeChat does', async () => {
    expect(await exchange('unknown')).toMatchObject({ errcode: 40029 });
  });

  it('logs every request and no secret, code, session_key or token', async () => {
    const { code } = running.sandbox.wxLogin('alice');
    const { session_key } = await exchange(code);
    const body = { grant_type: 'client_credential', appid: 'wx1', secret: 'secret-one' };
    const { access_token } = (await (await call('POST', '/cgi-bin/stable_token', undefined, body)).json()) as {
      access_token: string;
    };
    const phone = { countryCode: '86', purePhoneNumber: '12066600001' };
    const { code: phoneCode, encryptedData } = running.sandbox.phones.pressPhoneButton('alice', { phone });
    const path = `/wxa/business/getuserphonenumber?access_token=${access_token}`;
    expect(await (await call('POST', path, undefined, { code: phoneCode })).json()).toHaveProperty('phone_info');
    await exchange(code);
    await call('GET', `/sandbox/calls`, `Bearer ${CONTROL_TOKEN}`);
    expect(log).toContain('/sns/jscode2session');
    expect(log).toContain('/wxa/business/getuserphonenumber');
    const secrets = [
      'secret-one',
      code,
      session_key,
      CONTROL_TOKEN,
      access_token,
      phoneCode,
      '12066600001',
      encryptedData,
    ];
    for (const secret of secrets) expect(log).not.toContain(secret);
  });
});

/** Every route of a sandbox, by its declaration. */
async function sandboxRoutes(): Promise<DeclaredRoute[]> {
  const module = SandboxModule.forRoot({ apps: APPS, controlToken: CONTROL_TOKEN });
  const app = await createHttpApp(module, { logger: createLogger('silent'), trustProxyHops: 0 });
  await app.init();
  const routes = declaredRoutes(app);
  await app.close();
  return routes;
}
