import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { ErrorCode } from '../../src/errors/catalog.js';
import { createLogger } from '../../src/logging/logger.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { startSandbox, type RunningSandbox } from '../../src/sandbox/start-sandbox.js';
import { expectProblem } from '../support/problems.js';
import { startSmallUpstream, type SmallUpstream } from '../support/small-upstream.js';
import { TestServer, type Answer } from '../support/test-server.js';

const LOGIN = '/v1/auth/wechat/login';
const TOKEN_SECRET = `secret-${randomBytes(16).toString('hex')}`;
const OWN = { appId: 'wxown', secret: 'secret-of-the-own-app', openPlatform: 'owner' };
const TIMEOUT_MS = 1000;
const SLACK_MS = 1000;

/** One platform with one app for every test, so that each starts without a token in the server's memory. */
const APPS = Array.from({ length: 40 }, (_, index) => ({
  appId: `wxapp${index}`,
  openPlatform: 'owner',
  component: { appId: `wxplatform${index}`, tokenSecret: TOKEN_SECRET },
}));
const FIXED = { appId: 'wxfixed', component: { appId: 'wxplatformfixed' } };
const DIRECT = { appId: 'wxdirect', component: { appId: 'wxplatformdirect', tokenSecret: TOKEN_SECRET } };

let sandbox: RunningSandbox;
let server: TestServer;
/** The operator's token service, in front of the sandbox's; tests put something else there. */
let service: SmallUpstream;
let answerWith: RequestListener;
let turn = 0;
let app: (typeof APPS)[number];

beforeAll(async () => {
  service = await startSmallUpstream((request, response) => answerWith(request, response));
  const tokenUrl = `${service.url}/token?tenant=1`;
  const served = APPS.map((one) => ({ ...one, component: { ...one.component, tokenUrl } }));
  const others = [FIXED, DIRECT].map((one) => ({ ...one, component: { ...one.component, tokenUrl, tokenSecret: '' } }));
  sandbox = await startSandbox({ apps: [OWN, ...served, ...others], logger: createLogger('silent') });

  const { component_access_token: accessToken } = wechat().componentToken(FIXED.component.appId);
  const directUrl = `${sandbox.url}/sandbox/components/${DIRECT.component.appId}/token`;
  server = await TestServer.start({
    WECHAT_APPS: JSON.stringify([
      OWN,
      ...served,
      { ...FIXED, component: { ...FIXED.component, accessToken } },
      { ...DIRECT, component: { ...DIRECT.component, tokenUrl: directUrl } },
    ]),
    WECHAT_API_BASE_URL: sandbox.url,
    WECHAT_TIMEOUT_MS: String(TIMEOUT_MS),
  });
});
afterAll(async () => {
  await server.close();
  await sandbox.close();
  await service.close();
});
beforeEach(() => {
  app = APPS[turn++]!;
  answerWith = giveToken;
  service.requests.length = 0;
  server.logs.length = 0;
  wechat().clearCalls();
  wechat().clearFaults();
});

const giveToken: RequestListener = (request, response) => {
  if (request.headers.authorization !== `Bearer ${TOKEN_SECRET}`) return void response.writeHead(401).end();
  response.end(JSON.stringify(wechat().componentToken(app.component.appId)));
};

const wechat = (): Sandbox => sandbox.sandbox;
const exchanges = () => wechat().calls('component_jscode2session');

function signIn(user = 'alice', appId = app.appId): Promise<Answer> {
  return server.post(LOGIN, { code: wechat().wxLogin(user, appId).code, appId });
}

// The first one: later tests move WeChat's clock.
describe('a platform with a fixed token', () => {
  it('signs in while it lasts and names the operator after', async () => {
    expect((await signIn('alice', FIXED.appId)).status).toBe(200);
    wechat().advance(7200);
    expectProblem(await signIn('alice', FIXED.appId), 'WECHAT_MISCONFIGURED');
    expect(exchanges()).toMatchObject([{ errcode: 0 }, { errcode: 42001 }]);
  });
});

describe('an app of a third-party platform', () => {
  it('signs its users in without a secret, with one token for many sign-ins', async () => {
    const answer = await signIn();
    expect(answer).toMatchObject({ status: 200, body: { status: 'signed_in', isNewUser: true } });
    expect((await signIn()).body).toMatchObject({ isNewUser: false, user: { id: answer.body.user.id } });
    expect(service.requests).toEqual(['GET /token?tenant=1']);
    expect(exchanges()).toMatchObject([
      { appId: app.appId, errcode: 0 },
      { appId: app.appId, errcode: 0 },
    ]);
    expect(wechat().calls('jscode2session')).toEqual([]);
  });

  it('shares its users with an app of its own secret in the same Open Platform account', async () => {
    const [here, there] = [await signIn('carol'), await signIn('carol', OWN.appId)];
    expect(there.body.user.id).toBe(here.body.user.id);
    expect(wechat().calls('jscode2session')).toMatchObject([{ appId: OWN.appId }]);
  });

  it('fetches the token once for sign-ins that come together', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => signIn(`user-${index}`)));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
    expect(service.requests).toHaveLength(1);
  });

  it('replaces a token that has expired, and the sign-in goes on with its code', async () => {
    expect((await signIn()).status).toBe(200);
    wechat().advance(7200);
    expect((await signIn()).status).toBe(200);
    expect(service.requests).toHaveLength(2);
    expect(exchanges()).toMatchObject([{ errcode: 0 }, { errcode: 42001 }, { errcode: 0 }]);
  });

  it('replaces a refused token once for sign-ins that come together', async () => {
    expect((await signIn()).status).toBe(200);
    wechat().advance(7200);
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => signIn(`user-${index}`)));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
    expect(service.requests).toHaveLength(2);
    expect((await signIn()).status).toBe(200);
  });

  it('asks WeChat once only if the service has no other token', async () => {
    const stale = JSON.stringify({ component_access_token: 'of-yesterday', expires_in: 7200 });
    answerWith = (_request, response) => void response.end(stale);
    expectProblem(await signIn(), 'WECHAT_MISCONFIGURED');
    expect(exchanges()).toMatchObject([{ errcode: 40001 }]);
    expect(service.requests).toHaveLength(2);

    answerWith = giveToken;
    expect((await signIn()).status).toBe(200);
  });

  it('holds no token that ends within a minute', async () => {
    answerWith = (_request, response) =>
      void response.end(JSON.stringify({ ...wechat().componentToken(app.component.appId), expires_in: 60 }));
    expect((await signIn()).status).toBe(200);
    expect((await signIn()).status).toBe(200);
    expect(service.requests).toHaveLength(2);
  });

  it.each<[number, ErrorCode]>([
    [61003, 'WECHAT_MISCONFIGURED'],
    [41021, 'WECHAT_MISCONFIGURED'],
    [40029, 'WECHAT_CODE_REJECTED'],
    [40226, 'WECHAT_USER_BLOCKED'],
    [45011, 'WECHAT_RATE_LIMITED'],
    [-1, 'WECHAT_UNAVAILABLE'],
  ])('answers errcode %i with %s after one call', async (errcode, code) => {
    wechat().fail({ api: 'component_jscode2session', kind: 'errcode', errcode });
    expectProblem(await signIn(), code);
    expect(exchanges()).toMatchObject([{ errcode }]);
  });

  it('refuses a code that was used, with one exchange a code', async () => {
    const { code } = wechat().wxLogin('alice', app.appId);
    expect((await server.post(LOGIN, { code, appId: app.appId })).status).toBe(200);
    expectProblem(await server.post(LOGIN, { code, appId: app.appId }), 'WECHAT_CODE_REJECTED');
    expect(exchanges()).toMatchObject([{ errcode: 0 }, { errcode: 40163 }]);
  });
});

describe("the platform's token service at fault", () => {
  it.each<[string, ErrorCode, RequestListener]>([
    ['hangs', 'WECHAT_UNAVAILABLE', () => undefined],
    ['answers 500', 'WECHAT_UNAVAILABLE', (_request, response) => void response.writeHead(500).end()],
    ['answers 401', 'WECHAT_MISCONFIGURED', (_request, response) => void response.writeHead(401).end()],
    ['answers HTML', 'WECHAT_UNAVAILABLE', (_request, response) => void response.end('<html>')],
    ['answers null', 'WECHAT_UNAVAILABLE', (_request, response) => void response.end('null')],
    [
      'gives no lifetime',
      'WECHAT_UNAVAILABLE',
      (_request, response) => void response.end('{"component_access_token":"t"}'),
    ],
    [
      'gives a token that no URL carries',
      'WECHAT_UNAVAILABLE',
      (_request, response) => void response.end('{"component_access_token":"a b","expires_in":7200}'),
    ],
    [
      'redirects',
      'WECHAT_UNAVAILABLE',
      (_request, response) => void response.writeHead(302, { location: `${sandbox.url}/elsewhere` }).end(),
    ],
  ])('that %s is %s, and the code is not spent', async (_what, code, answer) => {
    answerWith = answer;
    const login = { code: wechat().wxLogin('alice', app.appId).code, appId: app.appId };
    const began = performance.now();
    expectProblem(await server.post(LOGIN, login), code);
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    expect(exchanges()).toEqual([]);

    answerWith = giveToken;
    expect((await server.post(LOGIN, login)).status).toBe(200);
  });

  it('leaves no token, no secret and no URL in the log or in an answer', async () => {
    const bodies: string[] = [];
    const note = async (answer: Promise<Answer>) => bodies.push(JSON.stringify((await answer).body));
    const given: string[] = [];
    const remember: RequestListener = (_request, response) => {
      const answer = wechat().componentToken(app.component.appId);
      given.push(answer.component_access_token);
      response.end(JSON.stringify(answer));
    };
    const refuse: RequestListener = (_request, response) => void response.writeHead(403).end();
    for (const answer of [giveToken, () => undefined, refuse, remember]) {
      answerWith = answer;
      wechat().advance(7200);
      await note(signIn());
    }
    wechat().fail({ api: 'component_jscode2session', kind: 'reset' });
    await note(signIn());
    wechat().fail({ api: 'component_jscode2session', kind: 'errcode', errcode: 61003 });
    await note(signIn());

    const seen = [...bodies, ...server.logs].join('\n');
    expect(server.logs.join('\n')).toContain('component_token');
    expect(given).not.toEqual([]);
    for (const secret of [TOKEN_SECRET, 'tenant=1', '/sns/component', ...given]) expect(seen).not.toContain(secret);
  });
});

describe('the sandbox as token service', () => {
  it('gives the token to whoever may control it', async () => {
    expect((await signIn('alice', DIRECT.appId)).status).toBe(200);
    expect((await fetch(`${sandbox.url}/sandbox/components/nobody/token`)).status).toBe(404);
  });

  it('answers as WeChat does to what is missing or wrong', async () => {
    const good = {
      appid: app.appId,
      js_code: 'unknown',
      grant_type: 'authorization_code',
      component_appid: app.component.appId,
      component_access_token: wechat().componentToken(app.component.appId).component_access_token,
    };
    const ask = async (changes: Record<string, string>) => {
      const query = new URLSearchParams({ ...good, ...changes });
      const response = await fetch(`${sandbox.url}/sns/component/jscode2session?${query}`);
      return ((await response.json()) as { errcode: number }).errcode;
    };
    expect(await ask({ appid: '' })).toBe(41002);
    expect(await ask({ component_access_token: '' })).toBe(41021);
    expect(await ask({ component_appid: 'nobody' })).toBe(40013);
    expect(await ask({ component_access_token: 'wrong' })).toBe(40001);
    expect(await ask({ appid: OWN.appId })).toBe(61003);
    expect(await ask({})).toBe(40029);
  });
});
