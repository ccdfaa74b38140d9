import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import axios from 'axios';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import type { ErrorCode } from '../../src/errors/catalog.js';
import type { FaultOrder } from '../../src/sandbox/faults.js';
import { WechatLogin } from '../../src/wechat/wechat-login.js';
import { expectProblem } from '../support/problems.js';
import { startSmallUpstream, type SmallUpstream } from '../support/small-upstream.js';
import { TestServer, type Answer } from '../support/test-server.js';
import { startWechatInstance } from '../support/wechat-instance.js';

const [APP_ONE, APP_TWO] = SANDBOX_APPS.map((app) => app.appId) as [string, string];
const LOGIN = '/v1/auth/wechat/login';

// What is not the limit itself: the server's own work and a busy machine.
const SLACK_MS = 500;

describe('WeChat at fault', () => {
  const TIMEOUT_MS = 400;
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ WECHAT_TIMEOUT_MS: String(TIMEOUT_MS) });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.wechat.clearFaults();
    server.wechat.clearCalls();
  });

  it.each<[string, FaultOrder]>([
    ['hangs', { api: 'jscode2session', kind: 'hang' }],
    ['answers too late', { api: 'jscode2session', kind: 'delay', ms: 5000 }],
    ['answers bytes that are no JSON', { api: 'jscode2session', kind: 'garbage' }],
    ['answers the HTML page of a gateway with 502', { api: 'jscode2session', kind: 'html' }],
    ['cuts the connection', { api: 'jscode2session', kind: 'reset' }],
    ['answers 500', { api: 'jscode2session', kind: 'status', status: 500 }],
    ['answers 404', { api: 'jscode2session', kind: 'status', status: 404 }],
    ['answers 200 without a body', { api: 'jscode2session', kind: 'status', status: 200 }],
    ['names nobody', { api: 'jscode2session', kind: 'errcode', errcode: 0 }],
  ])('%s: WECHAT_UNAVAILABLE, with the code sent once', async (_what, fault) => {
    // A connection that was used before is the one a client might be tempted to repeat a request on.
    await server.signIn('warm-up');
    server.wechat.clearCalls();
    server.wechat.fail(fault);
    const began = performance.now();
    expectProblem(await server.signIn('alice'), 'WECHAT_UNAVAILABLE');
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    expect(server.wechat.calls()).toHaveLength(1);

    expect((await server.signIn('alice')).status).toBe(200);
  });

  it.each<[number, ErrorCode]>([
    [-1, 'WECHAT_UNAVAILABLE'],
    [40029, 'WECHAT_CODE_REJECTED'],
    [40163, 'WECHAT_CODE_REJECTED'],
    [41008, 'WECHAT_CODE_REJECTED'],
    [40226, 'WECHAT_USER_BLOCKED'],
    [45011, 'WECHAT_RATE_LIMITED'],
    [40013, 'WECHAT_MISCONFIGURED'],
    [40125, 'WECHAT_MISCONFIGURED'],
    [40164, 'WECHAT_MISCONFIGURED'],
    [40243, 'WECHAT_MISCONFIGURED'],
    [41002, 'WECHAT_MISCONFIGURED'],
    [41004, 'WECHAT_MISCONFIGURED'],
    [50007, 'WECHAT_MISCONFIGURED'],
    // Known from other calls of WeChat, or from none: the operator's, never the user's.
    [61003, 'WECHAT_MISCONFIGURED'],
    [99999, 'WECHAT_MISCONFIGURED'],
    [-2, 'WECHAT_MISCONFIGURED'],
  ])('answers errcode %i: %s, with the code sent once', async (errcode, code) => {
    server.wechat.fail({ api: 'jscode2session', kind: 'errcode', errcode });
    const answer = await server.signIn('alice');
    expectProblem(answer, code);
    expect(JSON.stringify(answer.body)).not.toContain(String(errcode));
    expect(server.wechat.calls()).toMatchObject([{ errcode }]);

    expect((await server.signIn('alice')).status).toBe(200);
  });

  it.each([
    ['WECHAT_RATE_LIMITED', 45011, 429],
    ['WECHAT_UNAVAILABLE', -1, 503],
    ['WECHAT_MISCONFIGURED', 99999, 502],
    ['WECHAT_USER_BLOCKED', 40226, 403],
    ['WECHAT_CODE_REJECTED', 40029, 400],
  ])('%s has the status of the contract', async (_code, errcode, status) => {
    server.wechat.fail({ api: 'jscode2session', kind: 'errcode', errcode });
    expect((await server.signIn('alice')).status).toBe(status);
  });

  it('refuses a code that was used, has expired, or is of another app', async () => {
    const { code: used } = server.wechat.wxLogin('alice');
    expect((await server.post(LOGIN, { code: used })).status).toBe(200);
    expectProblem(await server.post(LOGIN, { code: used }), 'WECHAT_CODE_REJECTED');

    const { code: foreign } = server.wechat.wxLogin('alice', APP_TWO);
    expectProblem(await server.post(LOGIN, { code: foreign, appId: APP_ONE }), 'WECHAT_CODE_REJECTED');
    expect((await server.post(LOGIN, { code: foreign, appId: APP_TWO })).status).toBe(200);

    const { code: old, expiresIn } = server.wechat.wxLogin('alice');
    server.wechat.advance(expiresIn);
    expectProblem(await server.post(LOGIN, { code: old }), 'WECHAT_CODE_REJECTED');
  });

  it('refuses whom WeChat blocks, and nobody else', async () => {
    server.wechat.createUser({ id: 'mallory', blocked: true });
    expectProblem(await server.signIn('mallory'), 'WECHAT_USER_BLOCKED');
    expect((await server.signIn('alice')).status).toBe(200);
  });

  it('hears of a code once, however many requests bring it at the same time', async () => {
    server.wechat.fail({ api: 'jscode2session', kind: 'delay', ms: TIMEOUT_MS / 2 });
    const { code } = server.wechat.wxLogin('eight-times');
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.post(LOGIN, { code })));

    expect(answers.map((answer) => answer.status)).toEqual(Array<number>(8).fill(200));
    expect(new Set(answers.map((answer) => answer.body.user.id as string)).size).toBe(1);
    expect(answers.filter((answer) => answer.body.isNewUser)).toHaveLength(1);
    expect(new Set(answers.map((answer) => answer.body.tokens.refreshToken as string)).size).toBe(8);
    expect(server.wechat.calls()).toMatchObject([{ errcode: 0 }]);

    expectProblem(await server.post(LOGIN, { code }), 'WECHAT_CODE_REJECTED');
    expect(server.wechat.calls()).toMatchObject([{ errcode: 0 }, { errcode: 40163 }]);
  });

  it('is asked anew after a failure that eight requests shared', async () => {
    server.wechat.fail({ api: 'jscode2session', kind: 'hang' });
    const { code } = server.wechat.wxLogin('eight-times');
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.post(LOGIN, { code })));
    answers.forEach((answer) => expectProblem(answer, 'WECHAT_UNAVAILABLE'));
    expect(server.wechat.calls()).toHaveLength(1);

    // The sandbox carried out the call that it never answered, as WeChat may have.
    expectProblem(await server.post(LOGIN, { code }), 'WECHAT_CODE_REJECTED');
    expect(server.wechat.calls()).toHaveLength(2);
  });
});

describe('something else in the place of WeChat', () => {
  // That of the configuration's default.
  const TIMEOUT_MS = 3000;
  const GOOD = JSON.stringify({ openid: 'o-someone', session_key: 'c2Vzc2lvbi1rZXk=' });

  let server: TestServer;
  let upstream: SmallUpstream;
  let answerWith: RequestListener;
  beforeAll(async () => {
    upstream = await startSmallUpstream((request, response) => answerWith(request, response));
    server = await TestServer.start({ WECHAT_API_BASE_URL: upstream.url });
  });
  afterAll(async () => {
    await server.close();
    await upstream.close();
  });
  beforeEach(() => {
    upstream.requests.length = 0;
    answerWith = (_request, response) => void response.end(GOOD);
  });

  const signIn = (): Promise<Answer> => server.post(LOGIN, { code: 'some-code' });

  async function expectUnavailable(withinMs = TIMEOUT_MS + SLACK_MS): Promise<void> {
    const began = performance.now();
    expectProblem(await signIn(), 'WECHAT_UNAVAILABLE');
    expect(performance.now() - began).toBeLessThan(withinMs);
    expect(upstream.requests).toHaveLength(1);
  }

  it('is believed when it speaks as WeChat does', async () => {
    expect((await signIn()).status).toBe(200);
    expect(upstream.requests).toEqual([
      `GET /sns/jscode2session?appid=${APP_ONE}&secret=${SANDBOX_APPS[0]!.secret}&js_code=some-code&grant_type=authorization_code`,
    ]);
  });

  it('that drips its answer byte by byte is given up in time', async () => {
    answerWith = (_request, response) => {
      response.writeHead(200, { 'content-length': GOOD.length });
      let sent = 0;
      const drip = setInterval(() => response.write(GOOD[sent++]), 300);
      response.on('close', () => clearInterval(drip));
    };
    await expectUnavailable();
  });

  it.each([301, 302, 303, 307, 308])('that redirects with %i is not followed', async (status) => {
    const elsewhere = await startSmallUpstream((_request, response) => void response.end(GOOD));
    try {
      answerWith = ({ url }, response) => void response.writeHead(status, { location: elsewhere.url + url! }).end();
      await expectUnavailable();
      expect(elsewhere.requests).toEqual([]);
    } finally {
      await elsewhere.close();
    }
  });

  const PIECE = Buffer.alloc(64 * 1024, ' ');
  const PIECES = 16 * 1024;

  it.each([
    ['announces its length', { 'content-length': GOOD.length + PIECES * PIECE.length }],
    ['does not announce its length', {}],
  ])('that answers 1 GB and %s is not listened to', async (_what, headers) => {
    let sent = 0;
    function* pieces() {
      yield Buffer.from(GOOD);
      for (; sent < PIECES; sent += 1) yield PIECE;
    }
    answerWith = (_request, response) => {
      response.writeHead(200, headers);
      Readable.from(pieces()).pipe(response);
    };
    await expectUnavailable();
    // What the system takes before anybody reads is far less.
    expect(sent).toBeLessThan(PIECES / 4);
  });

  it.each([
    ['no openid', { session_key: 'x' }],
    ['an empty openid', { openid: '', session_key: 'x' }],
    ['an openid that is a number', { openid: 1, session_key: 'x' }],
    ['an openid with NUL', { openid: 'o\0', session_key: 'x' }],
    ['an openid of 129 characters', { openid: 'o'.repeat(129), session_key: 'x' }],
    ['no session_key', { openid: 'o' }],
    ['an empty session_key', { openid: 'o', session_key: '' }],
    ['an errcode that is no number', { errcode: '40029', errmsg: 'invalid code' }],
    ['a list', [{ openid: 'o', session_key: 'x' }]],
    ['null', null],
  ])('that answers %s is not believed', async (_what, answer) => {
    answerWith = (_request, response) => void response.end(JSON.stringify(answer));
    await expectUnavailable();
  });

  it('that answers the right thing with status 201 is not believed', async () => {
    answerWith = (_request, response) => void response.writeHead(201).end(GOOD);
    await expectUnavailable();
  });

  describe('with a proxy in the environment', () => {
    const NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
    const before = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
    let proxy: SmallUpstream;
    beforeAll(async () => {
      proxy = await startSmallUpstream((_request, response) => void response.writeHead(502).end());
      for (const name of NAMES) delete process.env[name];
      for (const name of NAMES.slice(0, 6)) process.env[name] = proxy.url;
    });
    afterAll(async () => {
      for (const name of NAMES) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
      await proxy.close();
    });
    beforeEach(() => (proxy.requests.length = 0));

    // Proves that the environment is one in which an HTTP client goes through the proxy.
    it('another HTTP client goes through it', async () => {
      const options = { validateStatus: () => true };
      await axios.get(upstream.url, options);
      await axios.get('https://wechat.test/', options).catch(() => undefined);
      expect(proxy.requests).toHaveLength(2);
      expect(upstream.requests).toEqual([]);
    });

    it('WeChat is asked directly', async () => {
      expect((await signIn()).status).toBe(200);
      expect(upstream.requests).toHaveLength(1);
      expect(proxy.requests).toEqual([]);
    });

    it('WeChat is asked directly over HTTPS', async () => {
      const context = await startWechatInstance({ WECHAT_API_BASE_URL: upstream.url.replace('http:', 'https:') });
      try {
        await expect(context.get(WechatLogin).exchange('some-code')).rejects.toMatchObject({
          code: 'WECHAT_UNAVAILABLE',
        });
        expect(proxy.requests).toEqual([]);
      } finally {
        await context.close();
      }
    });
  });

  // The last one: from here on nothing listens there.
  it('that is gone is WECHAT_UNAVAILABLE, and what needs no WeChat goes on', async () => {
    const { tokens } = (await signIn()).body;
    await upstream.close();
    const began = performance.now();
    expectProblem(await signIn(), 'WECHAT_UNAVAILABLE');
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    expect((await server.get('/v1/users/me', { token: tokens.accessToken })).status).toBe(200);
    expect((await server.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken })).status).toBe(200);
    expect((await server.get('/readyz')).status).toBe(200);
  });
});
