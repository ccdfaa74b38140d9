import { expectProblem } from '../support/problems.js';
import { Api, titleOf, type Operation } from '../support/openapi.js';
import { sendRaw } from '../support/raw-http.js';
import { SMS_TO_OUTBOX, lastCodeTo } from '../support/sms-outbox.js';
import { TestServer, type Answer } from '../support/test-server.js';
import { formOf, imageOf } from '../support/uploads.js';
import { ERROR_CATALOG, type ErrorCode } from '../../src/errors/catalog.js';

/** An answer under the path that was asked for. */
type Asked = readonly [path: string, answer: Answer];

let api: Api;
/** What a server without the envelope has answered. Only one server can live at a time: Passport's strategies are global. */
let bare: ReadonlyMap<string, Asked>;
let wrapped: TestServer;
let answers: ReadonlyMap<string, Asked>;
let bareDocument: { readonly info: object };
beforeAll(async () => {
  const plain = await TestServer.start(SMS_TO_OUTBOX);
  api = await Api.of(plain);
  bare = await askEverything(plain);
  bareDocument = (await plain.get('/openapi.json')).body as typeof bareDocument;
  await plain.close();
});
beforeAll(async () => {
  wrapped = await TestServer.start({ ...SMS_TO_OUTBOX, RESPONSE_ENVELOPE: 'true', RATE_LIMIT: 'on' });
  answers = await askEverything(wrapped);
});
afterAll(() => wrapped.close());

const CHINESE = { 'accept-language': 'zh-CN' };
const isWrapped = (path: string) => path.startsWith('/v1/') && !path.startsWith('/v1/wechat/push/');

/** Expects an envelope that says the same outside as the answer it is in, and gives what is inside. */
function opened(answer: Answer): unknown {
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const { data, ...outside } = answer.body as { data: unknown };
  expect(outside).toEqual({
    success: answer.status < 400,
    code: answer.status,
    message: expect.stringMatching(/\S/),
    datetime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    traceId: answer.headers.get('x-trace-id'),
  });
  return data;
}

function expectRefusal(answer: Answer, code: ErrorCode, language: 'en' | 'zh-CN' = 'en'): void {
  const { status, remedy, [language]: message } = ERROR_CATALOG[code];
  expect(answer.status).toBe(status);
  expect(opened(answer)).toMatchObject({
    type: `urn:wechat-passport:error:${code}`,
    code,
    remedy,
    detail: expect.any(String),
  });
  expect(answer.body.message).toBe(message);
}

/**
 * The names of an object's fields and their types, at every depth. What the two servers answer differs in ids, times,
 * tokens, and in the order of events of one moment.
 */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((one) => JSON.stringify(shapeOf(one))))].toSorted();
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}

/** What the wrapped server has to answer instead of a plain answer. */
function expectSame(path: string, bare: Answer, answer: Answer): void {
  if (!isWrapped(path)) {
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      bare.status,
      bare.headers.get('content-type'),
    ]);
    if (typeof bare.body === 'object') expect(shapeOf(answer.body)).toEqual(shapeOf(bare.body));
    return;
  }
  expect(answer.status).toBe(bare.status === 204 ? 200 : bare.status);
  for (const name of ['www-authenticate', 'retry-after', 'cache-control', 'connection']) {
    expect([name, answer.headers.get(name)]).toEqual([name, bare.headers.get(name)]);
  }
  const data = opened(answer);
  if (bare.status === 204) expect(data).toBeNull();
  else if (bare.body.remedy) {
    const { title: _title, status: _status, traceId: _traceId, ...rest } = bare.body as Record<string, unknown>;
    expect(data).toEqual(rest);
  } else expect(shapeOf(data)).toEqual(shapeOf(bare.body));
}

/** What an answer of either server holds. */
const dataOf = ({ body }: Answer) => body.data ?? body;
const signedIn = async (server: TestServer, user: string) => dataOf(await server.signIn(user)).tokens;

const NOBODY = 'without credentials';
const SOMEBODY = 'by somebody signed in';
const PHONE = '+8613800138000';
const JSON_BODY = { 'content-type': 'application/json' };

/** More than the walk over the document gets: successes that need a good body, and what goes wrong before any route. */
const REQUESTS: Readonly<Record<string, (server: TestServer) => Promise<Answer>>> = {
  'a sign-in': (server) => server.signIn('alice'),
  'a sign-in of nobody yet': (server) => server.signIn('stranger', { createUser: false }),
  'a refresh': async (server) =>
    server.post('/v1/auth/refresh', { refreshToken: (await signedIn(server, 'alice')).refreshToken }),
  'a code by SMS': (server) => server.post('/v1/auth/sms/code', { phone: PHONE }),
  'a sign-in by SMS': (server) => server.post('/v1/auth/sms/login', { phone: PHONE, code: lastCodeTo(PHONE) }),
  'an upload': async (server) => upload(server, 'carol', imageOf('image/png')),
  'a sign-out': async (server) =>
    server.post('/v1/auth/logout', { refreshToken: (await signedIn(server, 'dave')).refreshToken }),
  'an unknown route': (server) => server.get('/v1/nowhere'),
  'the bare version': (server) => server.get('/v1?x=1'),
  'a method that is not served': (server) => server.request('DELETE', '/v1/auth/refresh'),
  'a preflight': (server) => server.request('OPTIONS', '/v1/auth/session'),
  'a URL that cannot be decoded': (server) => server.get('/v1/avatars/%ff'),
  'a parameter that is too long': (server) => server.get(`/v1/avatars/${'x'.repeat(3000)}`),
  'JSON that cannot be read': (server) =>
    server.request('POST', '/v1/auth/refresh', { rawBody: '{"a', headers: JSON_BODY }),
  'a body of another type': (server) =>
    server.request('POST', '/v1/auth/refresh', { rawBody: 'x', headers: { 'content-type': 'text/plain' } }),
  'a multipart body where none is taken': (server) =>
    server.request('POST', '/v1/auth/refresh', formOf([{ name: 'a', bytes: 'b' }])),
  'a body that is too large': (server) => server.post('/v1/auth/refresh', { a: 'x'.repeat(70_000) }),
};

async function askEverything(server: TestServer): Promise<Map<string, Asked>> {
  const all = new Map<string, Asked>();
  let { accessToken } = await signedIn(server, 'walker');
  for (const operation of api.operations) {
    all.set(`${titleOf(operation)} ${NOBODY}`, [operation.path, await walk(server, operation)]);
    const answer = await walk(server, operation, accessToken as string);
    all.set(`${titleOf(operation)} ${SOMEBODY}`, [operation.path, answer]);
    if (operation.path === '/v1/auth/logout') ({ accessToken } = await signedIn(server, 'walker'));
  }
  for (const [name, ask] of Object.entries(REQUESTS)) all.set(name, ['/v1/', await ask(server)]);
  return all;
}

/** With a body of the right type that holds nothing, and ids of nothing. */
function walk(server: TestServer, { method, path, body }: Operation, token?: string): Promise<Answer> {
  const url = path.replace(/\{\w+\}/g, '018f0000-0000-7000-8000-000000000000');
  if (body?.type === 'application/json')
    return server.request(method, url, { token, rawBody: '{}', headers: JSON_BODY });
  return server.request(method, url, { token });
}

async function upload(server: TestServer, user: string, bytes: Buffer): Promise<Answer> {
  const token = (await signedIn(server, user)).accessToken as string;
  const form = formOf([{ name: 'file', filename: 'a.png', type: 'image/png', bytes }]);
  return server.request('POST', '/v1/users/me/avatar', { token, ...form });
}

describe('every answer is the same in the envelope:', () => {
  it('those of every documented operation, and those that no operation gives', () => {
    expect([...answers.keys()]).toEqual([...bare.keys()]);
    const faults: string[] = [];
    for (const [name, [path, answer]] of bare) {
      try {
        expectSame(path, answer, answers.get(name)![1]);
      } catch (error) {
        faults.push(`${name}: ${String(error)}`);
      }
    }
    expect(faults).toEqual([]);
  });

  it('successes and refusals of every kind are among them', () => {
    const statuses = [...bare].filter(([, [path]]) => isWrapped(path)).map(([, [, { status }]]) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 204, 400, 401, 404, 413]));
    expect(
      Object.keys(REQUESTS)
        .slice(0, 7)
        .map((name) => bare.get(name)![1].status < 300),
    ).toEqual(Array(7).fill(true));
  });
});

describe('an envelope', () => {
  it('is said in the language of the caller, with the time of Shanghai', async () => {
    expect((await wrapped.signIn('alice')).headers.getSetCookie()).toEqual([]);
    const token = (await signedIn(wrapped, 'alice')).accessToken as string;
    const before = Date.now();
    const { body } = await wrapped.get('/v1/auth/session', { token, headers: CHINESE });
    expect(body).toMatchObject({ success: true, code: 200, message: '请求成功' });
    expect((await wrapped.get('/v1/auth/session', { token })).body.message).toBe('OK');
    const told = Date.parse(`${(body.datetime as string).replace(' ', 'T')}+08:00`);
    expect(told).toBeGreaterThan(before - 1000);
    expect(told).toBeLessThanOrEqual(Date.now());
  });

  it('is as long on HEAD as on GET, and not written', async () => {
    const headers = { authorization: `Bearer ${(await signedIn(wrapped, 'alice')).accessToken as string}` };
    const [head, get] = await Promise.all(
      ['HEAD', 'GET'].map((method) => fetch(`${wrapped.url}/v1/auth/session`, { method, headers })),
    );
    expect(head!.headers.get('content-length')).toBe(get!.headers.get('content-length'));
    expect(await head!.text()).toBe('');
  });

  it('holds a rate limit, with Retry-After', async () => {
    const { refreshToken } = await signedIn(wrapped, 'eager');
    const told: Answer[] = [];
    for (let n = 0; n < 21; n += 1) {
      told.push(await wrapped.post('/v1/auth/refresh', { refreshToken, nonce: 'nonce-nonce' }));
    }
    expect(told.slice(0, 20).map(({ status }) => status)).toEqual(Array(20).fill(200));
    expectRefusal(told[20]!, 'RATE_LIMITED');
    expect(told[20]!.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });

  it('holds a refusal in the language of the caller, whatever the spelling of the path', async () => {
    expectRefusal(await wrapped.get('/v1/nowhere', { headers: CHINESE }), 'NOT_FOUND', 'zh-CN');
    expectRefusal(await wrapped.get('/%761/auth/session', { headers: CHINESE }), 'ACCESS_TOKEN_MISSING', 'zh-CN');
  });

  it('is not there where the path is under no /v1', async () => {
    for (const path of ['/', '/nowhere', '/v10/auth/session', '/oauth/nowhere', '/%ff']) {
      const { status, body } = await wrapped.get(path);
      expect([path, status, body.data, body.remedy]).toEqual([
        path,
        path === '/%ff' ? 400 : 404,
        undefined,
        'fix-request',
      ]);
    }
  });

  it('is not there where the bytes are no request, so that nobody knows the path', async () => {
    expectProblem(await sendRaw(wrapped.url, 'nonsense\r\n\r\n'), 'VALIDATION_FAILED');
  });
});

describe('what has a shape of its own', () => {
  it('stays as it is: an avatar', async () => {
    const bytes = imageOf('image/png');
    const { avatarUrl } = dataOf(await upload(wrapped, 'erin', bytes)) as { avatarUrl: string };
    const response = await fetch(wrapped.url + new URL(avatarUrl).pathname);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
  });

  it('stays as it is: a refused push of WeChat', async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await wrapped.request(
        method,
        '/v1/wechat/push/wxsandbox000000001',
        method === 'POST' ? { rawBody: '{}' } : {},
      );
      expectProblem(answer, 'FORBIDDEN');
    }
  });

  it('stays as it is: the document, but for a sentence that tells of the envelope', async () => {
    const { body: document } = await wrapped.get('/openapi.json');
    expect(document.info.description).toContain('{success, code, message, datetime, traceId, data}');
    expect({ ...document, info: bareDocument.info }).toEqual(bareDocument);
  });
});
