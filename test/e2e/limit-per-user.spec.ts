import { Controller, Get } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { createHttpApp } from '../../src/configure-app.js';
import { Bearer } from '../../src/http/access.decorator.js';
import { LimitPerUser } from '../../src/limits/limit-per-user.guard.js';
import { createLogger } from '../../src/logging/logger.js';
import { startSandbox, type RunningSandbox } from '../../src/sandbox/start-sandbox.js';
import { TEST_MASTER_KEY } from '../support/test-server.js';

@Bearer()
@Controller('probe')
class ProbeController {
  @Get()
  @LimitPerUser('wechat_decrypt')
  decrypt(): string {
    return 'decrypted';
  }

  @Get('other')
  @LimitPerUser('wechat_phone')
  phone(): string {
    return 'number';
  }
}

class Probe {}

describe('@LimitPerUser', () => {
  let wechat: RunningSandbox;
  let app: NestFastifyApplication;
  let url: string;
  beforeAll(async () => {
    const logger = createLogger('silent');
    wechat = await startSandbox({ apps: SANDBOX_APPS, logger });
    const environment = {
      NODE_ENV: 'test',
      MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
      WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
      WECHAT_API_BASE_URL: wechat.url,
      PUBLIC_URL: 'http://passport.test',
    };
    const settings = loadSettings(environment, { inMemory: true });
    const module = { module: Probe, imports: [AppModule.forRoot(settings, logger)], controllers: [ProbeController] };
    app = await createHttpApp(module, { logger, trustProxyHops: 0 });
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as { port: number }).port}`;
  });
  afterAll(async () => {
    await app.close();
    await wechat.close();
  });

  const tokenOf = async (user: string): Promise<string> => {
    const { code } = wechat.sandbox.wxLogin(user);
    const answer = await fetch(`${url}/v1/auth/wechat/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    });
    return ((await answer.json()) as { tokens: { accessToken: string } }).tokens.accessToken;
  };
  const call = async (path: string, token?: string): Promise<Response> =>
    fetch(url + path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });

  it('lets a person call five times a minute, whichever session they use, and each route by itself', async () => {
    const [phone, tablet] = [await tokenOf('alice'), await tokenOf('alice')];
    for (const token of [phone, tablet, phone, tablet, phone]) expect((await call('/probe', token)).status).toBe(200);
    const refused = await call('/probe', tablet);
    expect({ status: refused.status, code: ((await refused.json()) as { code: string }).code }).toEqual({
      status: 429,
      code: 'RATE_LIMITED',
    });
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d?$/);
    expect((await call('/probe/other', phone)).status).toBe(200);
    expect((await call('/probe', await tokenOf('bob'))).status).toBe(200);
  });

  it('asks for the access token first', async () => {
    for (let n = 0; n < 8; n += 1) expect((await call('/probe')).status).toBe(401);
  });
});
