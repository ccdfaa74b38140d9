import { ERROR_CATALOG } from '../../src/errors/catalog.js';
import { expectProblem } from '../support/problems.js';
import { openConnection, sendRaw } from '../support/raw-http.js';
import { TestServer, type Answer, type RequestOptions } from '../support/test-server.js';

const LOGIN = '/v1/auth/wechat/login';

// In every value that is refused below, so that an answer which repeats it is found.
const SENT = 'CANARY.5e6d';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.close());
beforeEach(() => server.wechat.clearCalls());

const json = (text: string | Buffer): RequestOptions => ({
  rawBody: text,
  headers: { 'content-type': 'application/json' },
});

function expectRefused(answer: Answer, code: Parameters<typeof expectProblem>[1] = 'VALIDATION_FAILED'): void {
  expectProblem(answer, code);
  expect(JSON.stringify(answer.body)).not.toContain(SENT);
  expect(server.wechat.calls()).toEqual([]);
}

describe('a sign-in that cannot be right is refused before WeChat is asked', () => {
  // Proves that the empty call log below means something.
  it('while a good one does reach WeChat', async () => {
    expect((await server.signIn('alice')).status).toBe(200);
    expect(server.wechat.calls()).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['a number', 20_251_120],
    ['true', true],
    ['a list', [SENT]],
    ['an object', { value: SENT }],
    ['of 513 characters', SENT.padEnd(513, 'x')],
    ['one with another parameter behind it', `${SENT}&appid=wx0000000000000000`],
    ['one with a space', `${SENT} x`],
    ['one with a line feed at the end', `${SENT}\n`],
    ['one with NUL', `${SENT}\0`],
    ['percent-encoded', `${SENT}%26`],
    ['not ASCII', `${SENT}\u00e9`],
  ])('code %s', async (_what, code) => {
    expectRefused(await server.post(LOGIN, { code }));
  });

  it('takes a code of 512 characters to WeChat, which knows best', async () => {
    expectProblem(await server.post(LOGIN, { code: SENT.padEnd(512, 'x') }), 'WECHAT_CODE_REJECTED');
    expect(server.wechat.calls()).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['unknown', `wx${SENT}`],
    ['a name every object has', 'constructor'],
    ['a name every object inherits', '__proto__'],
  ])('appId %s: WECHAT_APP_UNKNOWN', async (_what, appId) => {
    expectRefused(await server.post(LOGIN, { code: 'x', appId }), 'WECHAT_APP_UNKNOWN');
  });

  it.each<[string, unknown]>([
    ['empty', ''],
    ['a number', 1],
    ['a list', [SENT]],
    ['of 129 characters', SENT.padEnd(129, 'x')],
    ['one with a space', `${SENT} x`],
    ['one with NUL', `${SENT}\0`],
  ])('appId %s', async (_what, appId) => {
    expectRefused(await server.post(LOGIN, { code: 'x', appId }));
  });

  it.each<[string, unknown]>([
    ['a name that is a number', { name: 7 }],
    ['an empty name', { name: '' }],
    ['a name of 65 characters', { name: SENT.padEnd(65, 'x') }],
    ['a name of 65 characters beyond the BMP', { name: '𠮷'.repeat(65) }],
    ['a name with NUL', { name: `${SENT}\0` }],
    ['a name with a line feed', { name: `${SENT}\n` }],
    ['a name with DEL', { name: `${SENT}\u007f` }],
    ['a name that turns the reading direction', { name: `${SENT}\u202e` }],
    ['a name with half a surrogate pair', { name: `${SENT}\ud83d` }],
    ['a name with the other half', { name: `\ude00${SENT}` }],
    ['a platform of 33 characters', { platform: SENT.padEnd(33, 'x') }],
    ['a platform with NUL', { platform: `${SENT}\0` }],
    ['an id of 7 characters', { id: 'CANARY.' }],
    ['an id of 65 characters', { id: 'x'.repeat(65) }],
    ['an id with a dot', { id: SENT }],
    ['an id that is a list', { id: [SENT] }],
    ['a field nobody knows', { name: 'phone', [SENT]: true }],
    ['a field nobody knows, within a list', [{ colour: SENT }]],
  ])('device with %s', async (_what, device) => {
    expectRefused(await server.post(LOGIN, { code: 'x', device }));
  });

  it.each<[string, unknown]>([
    ['text', SENT],
    ['a number', 1],
    ['a list', []],
    ['a list of one', [{ name: 'phone' }]],
  ])('device that is %s', async (_what, device) => {
    expectRefused(await server.post(LOGIN, { code: 'x', device }));
  });

  it.each<[string, Record<string, unknown>]>([
    ['a session_key', { session_key: SENT }],
    ['an openid', { openid: SENT }],
    ['a field called constructor', { constructor: SENT }],
    ['a field called toString', { toString: SENT }],
    ['a field called hasOwnProperty', { hasOwnProperty: SENT }],
    ['a field with an unprintable name', { 'a\u0000b': SENT }],
    ['a field with an endless name', { ['x'.repeat(5000)]: SENT }],
    ['two hundred fields', Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`field${n}`, SENT]))],
  ])('body with %s', async (_what, extra) => {
    const answer = await server.post(LOGIN, { code: 'x', ...extra });
    expectRefused(answer);
    expect(answer.body.detail.length).toBeLessThan(1000);
  });

  it.each([
    ['cut off', `{"code":"${SENT}"`],
    ['no JSON at all', SENT],
    ['followed by something', `{"code":"x"}${SENT}`],
    ['a __proto__', `{"code":"x","__proto__":{"value":"${SENT}"}}`],
    ['a nested __proto__', `{"code":"x","device":{"__proto__":{"value":"${SENT}"}}}`],
    ['a __proto__ spelled in escapes', `{"code":"x","\\u005f_proto__":{"value":"${SENT}"}}`],
    ['a constructor with a prototype', `{"code":"x","constructor":{"prototype":{"value":"${SENT}"}}}`],
    ['a list', `["${SENT}"]`],
    ['a list of bodies', `[{"code":"${SENT}"}]`],
    ['a number', '1'],
    ['null', 'null'],
    ['true', 'true'],
    ['text', `"${SENT}"`],
    ['empty', ''],
    ['only a space', ' '],
    ['lists in lists, 20,000 deep', `{"code":"x","device":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    ['objects in objects, 9,000 deep', `{"code":"x","deep":${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}}`],
  ])('body that is %s', async (_what, text) => {
    expectRefused(await server.request('POST', LOGIN, json(text)));
  });

  it('body that is not UTF-8', async () => {
    expectRefused(await server.request('POST', LOGIN, json(Buffer.from('{"code":"\xff\xfe"}', 'latin1'))));
  });

  it('no body and no type', async () => {
    expectRefused(await server.request('POST', LOGIN));
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/xml',
    'nonsense',
  ])('a body of type %s', async (type) => {
    const options = { rawBody: '{"code":"x"}', headers: { 'content-type': type } };
    expectRefused(await server.request('POST', LOGIN, options));
  });

  it.each([
    ['application/json; charset=utf-8', 400],
    ['Application/JSON', 400],
  ])('though a body of type %s is read', async (type) => {
    const options = { rawBody: '{"code":"x"}', headers: { 'content-type': type } };
    expectProblem(await server.request('POST', LOGIN, options), 'WECHAT_CODE_REJECTED');
  });
});

describe('a body over 64 kB', () => {
  it('is PAYLOAD_TOO_LARGE', async () => {
    expectRefused(await server.post(LOGIN, { code: 'x'.repeat(65 * 1024) }), 'PAYLOAD_TOO_LARGE');
  });

  it('is PAYLOAD_TOO_LARGE when it does not announce its length', async () => {
    const chunk = `${(16 * 1024).toString(16)}\r\n${'x'.repeat(16 * 1024)}\r\n`;
    const head = `POST ${LOGIN} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n`;
    const answer = await sendRaw(server.url, `${head}transfer-encoding: chunked\r\n\r\n${chunk.repeat(5)}0\r\n\r\n`);
    expectRefused(answer, 'PAYLOAD_TOO_LARGE');
  });

  it('is the limit: one of 60 kB is read', async () => {
    expectRefused(await server.post(LOGIN, { code: 'x'.repeat(60 * 1024) }));
  });
});

describe('a refresh that cannot be right', () => {
  const REFRESH = '/v1/auth/refresh';

  it.each<[string, unknown]>([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['a number', 42],
    ['a list', [SENT]],
    ['an object', { value: SENT }],
    ['longer than any token', SENT.padEnd(4097, 'x')],
  ])('refreshToken %s', async (_what, refreshToken) => {
    expectRefused(await server.post(REFRESH, { refreshToken }));
  });

  it.each([
    ['garbage', SENT],
    ['NUL', '\0'],
    ['garbage as long as a token', 'x'.repeat(55)],
    ['zeros as long as a token', Buffer.alloc(41).toString('base64url')],
    ['letters that are no base64url', '☃'.repeat(55)],
    ['512 characters', SENT.padEnd(512, 'x')],
  ])('refreshToken that is %s: REFRESH_TOKEN_INVALID', async (_what, refreshToken) => {
    expectRefused(await server.post(REFRESH, { refreshToken }), 'REFRESH_TOKEN_INVALID');
  });

  it('refreshToken in another spelling: REFRESH_TOKEN_INVALID', async () => {
    const { refreshToken } = (await server.signIn('alice')).body.tokens as { refreshToken: string };
    // The last character of 41 bytes carries two spare bits; these spell the same bytes with one of them set.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twin = refreshToken.slice(0, -1) + alphabet[alphabet.indexOf(refreshToken.at(-1)!) ^ 1]!;
    expect(Buffer.from(twin, 'base64url')).toEqual(Buffer.from(refreshToken, 'base64url'));
    for (const other of [twin, `${refreshToken}=`, ` ${refreshToken}`, `${refreshToken}\n`]) {
      expectProblem(await server.post(REFRESH, { refreshToken: other }), 'REFRESH_TOKEN_INVALID');
    }
    expect((await server.post(REFRESH, { refreshToken })).status).toBe(200);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['empty', ''],
    ['of 7 characters', 'CANARY.'.slice(0, 7)],
    ['of 65 characters', 'x'.repeat(65)],
    ['one with a dot', SENT],
    ['a number', 12_345_678],
    ['a list', [SENT]],
  ])('nonce %s', async (_what, nonce) => {
    const { refreshToken } = (await server.signIn('alice')).body.tokens;
    server.wechat.clearCalls();
    expectRefused(await server.post(REFRESH, { refreshToken, nonce }));
    expect((await server.post(REFRESH, { refreshToken })).status).toBe(200);
  });

  it('a field nobody knows', async () => {
    expectRefused(await server.post(REFRESH, { refreshToken: 'x', userId: SENT }));
  });

  it('an empty JSON body', async () => {
    expectRefused(await server.request('POST', REFRESH, json('')));
  });
});

describe('a sign-out that cannot be right', () => {
  const LOGOUT = '/v1/auth/logout';

  it.each<[string, unknown]>([
    ['null', null],
    ['empty', ''],
    ['a number', 42],
    ['a list', [SENT]],
    ['longer than any token', SENT.padEnd(4097, 'x')],
  ])('refreshToken %s', async (_what, refreshToken) => {
    const { accessToken } = (await server.signIn('alice')).body.tokens;
    server.wechat.clearCalls();
    expectRefused(await server.post(LOGOUT, { refreshToken }, { token: accessToken }));
    expect((await server.get('/v1/auth/session', { token: accessToken })).status).toBe(200);
  });

  it('a garbage refresh token: REFRESH_TOKEN_INVALID, and nobody is signed out', async () => {
    const { accessToken } = (await server.signIn('alice')).body.tokens;
    server.wechat.clearCalls();
    expectRefused(await server.post(LOGOUT, { refreshToken: SENT }, { token: accessToken }), 'REFRESH_TOKEN_INVALID');
    expect((await server.get('/v1/auth/session', { token: accessToken })).status).toBe(200);
  });

  it('a scope nobody knows', async () => {
    const { accessToken } = (await server.signIn('alice')).body.tokens;
    server.wechat.clearCalls();
    expectRefused(await server.post(LOGOUT, { scope: SENT }, { token: accessToken }));
  });

  it('a field nobody knows', async () => {
    const { refreshToken } = (await server.signIn('alice')).body.tokens;
    server.wechat.clearCalls();
    expectRefused(await server.post(LOGOUT, { refreshToken, all: SENT }));
    expect((await server.post('/v1/auth/refresh', { refreshToken })).status).toBe(200);
  });

  it.each(['', '[]', 'null', '"x"', '1'])('neither token, with a body of %j: ACCESS_TOKEN_MISSING', async (text) => {
    expectRefused(await server.request('POST', LOGOUT, json(text)), 'ACCESS_TOKEN_MISSING');
  });

  it.each<[string, RequestOptions]>([
    ['an empty JSON body', json('')],
    ['no body', {}],
    ['an empty object', { body: {} }],
  ])('%s with an access token signs out', async (_what, options) => {
    const { accessToken, refreshToken } = (await server.signIn('alice')).body.tokens;
    const answer = await server.request('POST', LOGOUT, { ...options, token: accessToken });
    expect({ status: answer.status, body: answer.body as unknown }).toEqual({ status: 204, body: '' });
    expectProblem(await server.post('/v1/auth/refresh', { refreshToken }), 'SESSION_REVOKED');
  });
});

describe('a route that does not exist', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/v1'],
    ['GET', '/v1/auth/wechat/login/'],
    ['GET', '/v2/auth/session'],
    ['GET', '/auth/session'],
    ['POST', `/v1/${SENT}`],
    ['GET', '/%00'],
    ['GET', '/v1/auth/session%00'],
    ['GET', '/v1/auth/..%2fsession'],
    ['GET', '/.env'],
    ['GET', LOGIN],
    ['PUT', LOGIN],
    ['DELETE', LOGIN],
    ['PATCH', LOGIN],
    ['OPTIONS', LOGIN],
    ['POST', '/v1/auth/session'],
    ['DELETE', '/healthz'],
  ])('%s %s is NOT_FOUND', async (method, path) => {
    expectRefused(await server.request(method, path), 'NOT_FOUND');
  });

  it.each(['POST', 'PUT', 'DELETE'])('%s with an empty JSON body is NOT_FOUND', async (method) => {
    expectRefused(await server.request(method, `/v1/${SENT}`, json('')), 'NOT_FOUND');
  });

  it.each(['TRACE', 'PROPFIND'])('%s is NOT_FOUND', async (method) => {
    const answer = await sendRaw(server.url, `${method} ${LOGIN} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expectRefused(answer, 'NOT_FOUND');
  });
});

describe('a request that cannot be read', () => {
  it.each(['/%zz', '/v1/%', `/${SENT}%e4%b8`, '/v1/auth/session%c0%80'])(
    'for %s is answered as a problem',
    async (path) => {
      const answer = await server.get(path);
      expect([400, 404]).toContain(answer.status);
      expectRefused(answer, answer.status === 400 ? 'VALIDATION_FAILED' : 'NOT_FOUND');
    },
  );

  it.each([
    ['a URL of 20 kB', `GET /${SENT}${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`],
    ['a header of 20 kB', `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${SENT}${'x'.repeat(20_000)}\r\n\r\n`],
    ['no HTTP', `${SENT} hello\r\n\r\n`],
    ['a method nobody knows', `CANARY ${LOGIN} HTTP/1.1\r\nhost: x\r\n\r\n`],
    ['a header without a colon', `GET / HTTP/1.1\r\nhost: x\r\n${SENT}\r\n\r\n`],
    ['two lengths', `POST ${LOGIN} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n${SENT}`],
  ])('with %s is VALIDATION_FAILED', async (_what, bytes) => {
    expectRefused(await sendRaw(server.url, bytes));
  });

  it('of 10 kB in the URL is an unknown route', async () => {
    expectRefused(await server.get(`/${SENT}${'x'.repeat(10_000)}`), 'NOT_FOUND');
  });

  it('to its end leaves the server as it was', async () => {
    const connection = openConnection(server.url);
    const head = `POST ${LOGIN} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{`;
    await new Promise((resolve) => connection.socket.write(head, resolve));
    connection.socket.resetAndDestroy();
    await connection.answers();
    expect((await server.signIn('alice')).status).toBe(200);
  });
});

describe('the language of a problem', () => {
  it.each([
    ['en', undefined],
    ['en', ''],
    ['en', 'en-US,en;q=0.9'],
    ['en', 'fr-FR,de;q=0.8'],
    ['en', 'zh;q=0.3,en;q=0.9'],
    ['en', 'zh;q=0,fr'],
    ['zh-CN', 'zh-CN'],
    ['zh-CN', 'zh-CN,zh;q=0.9'],
    ['zh-CN', 'zh_CN'],
    ['zh-CN', 'zh-Hant-TW'],
    ['zh-CN', 'ZH-cn'],
    ['zh-CN', 'en;q=0.3, zh;q=0.9'],
    ['zh-CN', 'fr, zh;q=0.1'],
  ] as const)('is %s for Accept-Language %j', async (language, header) => {
    const headers: Record<string, string> = header === undefined ? {} : { 'accept-language': header };
    const { body } = await server.post(LOGIN, {}, { headers });
    expect(body.title).toBe(ERROR_CATALOG.VALIDATION_FAILED[language]);
  });

  it.each([
    ['a URL that cannot be decoded', (headers: Record<string, string>) => server.get('/%zz', { headers })],
    ['a body over the limit', (headers: Record<string, string>) => server.post(LOGIN, 'x'.repeat(66_000), { headers })],
    ['an unknown route', (headers: Record<string, string>) => server.get('/nowhere', { headers })],
    ['a missing token', (headers: Record<string, string>) => server.get('/v1/users/me', { headers })],
  ])('is the one asked for with %s too', async (_what, ask) => {
    const { body } = await ask({ 'accept-language': 'zh-CN,zh;q=0.9' });
    const { code, title } = body as { code: keyof typeof ERROR_CATALOG; title: string };
    expect(title).toBe(ERROR_CATALOG[code]['zh-CN']);
  });
});
