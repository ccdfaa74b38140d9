import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { createClient, type WxLike } from 'wechat-passport-client';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { startExample, type ExampleProcess } from '../support/example-process.js';
import { FlowPhone } from '../support/flow-phone.js';
import { ROOT } from '../support/repository.js';
import { Forge, es256 } from '../support/signing-forge.js';
import { TestServer } from '../support/test-server.js';
import { WxPhone } from '../support/wx-runtime/wx-phone.js';

// With everything in it that a header must escape.
const SECRET = 'a secret: with %, + and ü';
const secretHash = `sha256:${createHash('sha256').update(SECRET).digest('hex')}`;
const PASSPORT = 'http://passport.test';
const APP = SANDBOX_APPS[0]!.appId;
const NEST = 'examples/nest-back-end';

// Types are the business of `npm run check`.
const buildNest = () =>
  void execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', NEST, '--noCheck'], { cwd: ROOT });

const now = () => Math.floor(Date.now() / 1000);
const foreignKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const BACK_ENDS: [string, string, () => void][] = [
  ['NestJS', `${NEST}/dist/main.js`, buildNest],
  ['Express', 'examples/express-back-end/server.js', () => undefined],
];

describe('a back end of its own', () => {
  let server: TestServer;
  let forge: Forge;
  beforeAll(async () => {
    server = await TestServer.start({
      OAUTH_CLIENTS: JSON.stringify([{ clientId: 'shop', secretHash, appIds: [APP] }]),
    });
    forge = await Forge.at(server);
  });
  afterAll(() => server.close());

  const jwksFetches = () => server.logs.filter((line) => line.includes('"route":"/.well-known/jwks.json"')).length;

  describe.each(BACK_ENDS)('in %s', (_name, script, build) => {
    let shop: ExampleProcess;
    const startShop = (passportUrl: string) =>
      startExample(join(ROOT, script), {
        PASSPORT_URL: passportUrl,
        TOKEN_ISSUER: PASSPORT,
        TOKEN_AUDIENCE: PASSPORT,
        PASSPORT_CLIENT_ID: 'shop',
        PASSPORT_CLIENT_SECRET: SECRET,
      });

    beforeAll(async () => {
      build();
      shop = await startShop(server.url);
    });
    afterAll(() => shop?.stop());

    async function visit(method: string, path: string, token?: string, at = shop) {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const answer = await fetch(at.url + path, { method, headers });
      // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what an answer holds is said by each test
      return { status: answer.status, headers: answer.headers, body: (await answer.json()) as any };
    }
    const orders = (token?: string) => visit('GET', '/orders', token);
    const pay = (token?: string) => visit('POST', '/orders/pay', token);

    it('knows whose access token it is', async () => {
      const { body } = await server.signIn('alice');
      const { accessToken } = body.tokens;
      expect(await orders(accessToken)).toMatchObject({ status: 200, body: { userId: body.user.id, appId: APP } });
      expect(await pay(accessToken)).toMatchObject({ status: 200, body: { paidBy: body.user.id } });
    });

    it('shows everybody what needs no token', async () => {
      expect(await visit('GET', '/menu')).toMatchObject({ status: 200, body: ['tea', 'noodles'] });
    });

    it('reads the person behind a token', async () => {
      const { body } = await server.signIn('alice');
      const { accessToken } = body.tokens;
      await server.request('PUT', '/v1/users/me', { token: accessToken, body: { nickname: 'Alice' } });
      const { status, body: profile } = await visit('GET', '/profile', accessToken);
      expect([status, profile.id, profile.nickname]).toEqual([200, body.user.id, 'Alice']);
    });

    it.each<[string, string, () => string | undefined]>([
      ['no token', 'ACCESS_TOKEN_MISSING', () => undefined],
      ['what is no token', 'ACCESS_TOKEN_INVALID', () => 'x'],
      ['an expired one', 'ACCESS_TOKEN_EXPIRED', () => forge.token({ iat: now() - 60, exp: now() - 1 })],
      ['one for another audience', 'ACCESS_TOKEN_INVALID', () => forge.token({ aud: 'http://elsewhere.test' })],
      ['one of another issuer', 'ACCESS_TOKEN_INVALID', () => forge.token({ iss: 'http://elsewhere.test' })],
      ['one without an end', 'ACCESS_TOKEN_INVALID', () => forge.token({ exp: undefined })],
      ['one of another type', 'ACCESS_TOKEN_INVALID', () => forge.token({}, { typ: 'JWT' })],
      ['one of an unknown key', 'ACCESS_TOKEN_INVALID', () => forge.token({}, { kid: 'A'.repeat(43) })],
      ['one that is not signed', 'ACCESS_TOKEN_INVALID', () => forge.signedBy(() => '', { alg: 'none' })],
      ['one signed by somebody else', 'ACCESS_TOKEN_INVALID', () => forge.signedBy((text) => es256(text, foreignKey))],
      ['a refresh token', 'ACCESS_TOKEN_INVALID', () => forge.mine.refreshToken],
    ])('refuses %s, in words that our client understands', async (_what, code, token) => {
      for (const { status, headers, body } of [await orders(token()), await pay(token())]) {
        expect([status, body.code, headers.get('www-authenticate')]).toEqual([401, code, 'Bearer']);
        expect(body.remedy).toBe(code === 'ACCESS_TOKEN_MISSING' ? 'login-again' : 'refresh');
        expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      }
    });

    it('refuses at once, where it asks, whoever has signed out; elsewhere when the token expires', async () => {
      const { accessToken } = (await server.signIn('bob')).body.tokens;
      expect((await pay(accessToken)).status).toBe(200);
      await server.post('/v1/auth/logout', {}, { token: accessToken });
      expect(await pay(accessToken)).toMatchObject({ status: 401, body: { remedy: 'refresh' } });
      expect((await orders(accessToken)).status).toBe(200);
    });

    it('is understood by our client, which renews the token and repeats, or hears that the session has ended', async () => {
      const phone = new FlowPhone(server, new WxPhone({ wechat: server.wechat, user: 'carol' }));
      const open = () => {
        const client = createClient({ platform: phone.wx as WxLike, baseURL: server.url, trustedURLs: [shop.url] });
        const events: string[] = [];
        client.onAuthStateChange((event) => void events.push(event));
        return { client, events };
      };
      await open().client.request({ url: `${shop.url}/orders` });
      await phone.expireAccessToken();
      phone.takeAnswered();

      const { client, events } = open();
      const { data } = await client.request<{ userId: string }>({ url: `${shop.url}/orders` });
      expect(data.userId).toBe((await client.getSession())!.user.id);
      expect(phone.takeAnswered()).toEqual([
        ['GET /orders', 401],
        ['POST /v1/auth/refresh', 200],
        ['GET /orders', 200],
      ]);

      await server.post('/v1/auth/logout', { refreshToken: phone.refreshToken() });
      const paying = client.request({ url: `${shop.url}/orders/pay`, method: 'POST' });
      await expect(paying).rejects.toMatchObject({ code: 'SESSION_REVOKED', remedy: 'ask-user' });
      expect(events.at(-1)).toBe('SIGNED_OUT');
    });

    it('fetches the keys once, and not for every request', async () => {
      const before = jwksFetches();
      for (let time = 0; time < 20; time += 1) expect((await orders(forge.token())).status).toBe(200);
      expect([before > 0, jwksFetches()]).toEqual([true, before]);
    });

    it('lets nobody in, and blames no token, while wechat-passport cannot be reached', async () => {
      // Port 9 refuses.
      const alone = await startShop('http://127.0.0.1:9');
      try {
        const { status, headers, body } = await visit('GET', '/orders', forge.token(), alone);
        expect([status, body.remedy, headers.get('retry-after')]).toEqual([503, 'retry-later', '1']);
      } finally {
        await alone.stop();
      }
    });
  });
});
