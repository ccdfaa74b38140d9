import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createLogger } from '../../src/logging/logger.js';
import type { FaultOrder } from '../../src/sandbox/faults.js';
import { unionidOf } from '../../src/sandbox/sandbox-users.js';
import { sendRaw } from '../support/raw-http.js';
import { claimsWith, openServerKey, signToken } from '../support/signing.js';
import { TEST_MASTER_KEY, TestServer, type Answer } from '../support/test-server.js';

const LOGIN = '/v1/auth/wechat/login';
const REFRESH = '/v1/auth/refresh';
const LOGOUT = '/v1/auth/logout';
const SESSION = '/v1/auth/session';
const METRICS_TOKEN = `metrics-${randomBytes(16).toString('hex')}`;
const [APP] = SANDBOX_APPS as [(typeof SANDBOX_APPS)[number]];

const FAULTS: FaultOrder[] = [
  ...[-1, 40013, 40029, 40125, 40163, 40164, 40226, 40243, 41002, 41008, 45011, 50007, 99999].map(
    (errcode): FaultOrder => ({ api: 'jscode2session', kind: 'errcode', errcode }),
  ),
  { api: 'jscode2session', kind: 'hang' },
  { api: 'jscode2session', kind: 'garbage' },
  { api: 'jscode2session', kind: 'html' },
  { api: 'jscode2session', kind: 'reset' },
  { api: 'jscode2session', kind: 'status', status: 500 },
];

/** Values that may stand in nothing but the answer that hands them out. */
class Canaries {
  private readonly names = new Map<string, string>();

  keep(name: string, value: string): string {
    // Shorter ones would be found by chance.
    if (value.length < 12) throw new Error(`${name} is too short to look for`);
    this.names.set(value, name);
    return value;
  }

  /** A value that fits where a code, a token or a name is expected. */
  hatch(name: string): string {
    return this.keep(name, `canary.${randomBytes(12).toString('hex')}`);
  }

  /** The names of those that stand in a text, in any spelling that a log or a URL may give them. */
  foundIn(text: string): string[] {
    return [...this.names]
      .filter(([value]) => spellings(value).some((spelling) => text.includes(spelling)))
      .map(([, name]) => name);
  }

  /** Name and value of each. */
  all(): [string, string][] {
    return [...this.names].map(([value, name]) => [name, value]);
  }
}

function spellings(value: string): string[] {
  const bytes = Buffer.from(value);
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    bytes.toString('hex'),
    bytes.toString('base64').replaceAll('=', ''),
    bytes.toString('base64url'),
  ];
}

let server: TestServer;
const canaries = new Canaries();

/** The bodies of all errors, and of other answers that are for many eyes. */
const told: string[] = [];
let requests = 0;

async function refused(asking: Promise<Answer>): Promise<void> {
  const { status, body } = await asking;
  expect(status).toBeGreaterThanOrEqual(400);
  told.push(JSON.stringify(body));
  requests += 1;
}

async function accepted(asking: Promise<Answer>): Promise<Answer> {
  const answer = await asking;
  expect(answer.status).toBeLessThan(300);
  requests += 1;
  return answer;
}

function login(user: string): string {
  const { code } = server.wechat.wxLogin(user);
  canaries.keep(`session_key of ${user}`, server.wechat.sessionKey(user, APP.appId)!);
  for (const openid of Object.values(server.wechat.createUser({ id: user }).openids)) {
    canaries.keep(`openid of ${user}`, openid);
  }
  canaries.keep(`unionid of ${user}`, unionidOf(APP.openPlatform!, user));
  return canaries.keep(`code of ${user}`, code);
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

function keepTokens({ accessToken, refreshToken }: Tokens): Tokens {
  canaries.keep('access token', accessToken);
  canaries.keep('signature of an access token', accessToken.split('.')[2]!);
  canaries.keep('refresh token', refreshToken);
  return { accessToken, refreshToken };
}

async function signIn(user: string): Promise<Tokens> {
  const { body } = await accepted(server.post(LOGIN, { code: login(user) }));
  return keepTokens(body.tokens as Tokens);
}

beforeAll(async () => {
  server = await TestServer.start({ LOG_LEVEL: 'trace', METRICS_TOKEN, WECHAT_TIMEOUT_MS: '150' });
  canaries.keep('METRICS_TOKEN', METRICS_TOKEN);
  canaries.keep('master key', TEST_MASTER_KEY);
  SANDBOX_APPS.forEach(({ secret }, index) => canaries.keep(`AppSecret ${index}`, secret));
});
afterAll(() => server.close());

describe('what is secret', () => {
  let looked = { lines: 0, bodies: 0 };
  afterEach(() => {
    const lines = server.logs.slice(looked.lines);
    const bodies = told.slice(looked.bodies);
    looked = { lines: server.logs.length, bodies: told.length };
    expect(canaries.foundIn(lines.join(''))).toEqual([]);
    expect(canaries.foundIn(bodies.join('\n'))).toEqual([]);
  });

  it('stays secret while a person signs in, refreshes and signs out', async () => {
    const first = await signIn('alice');
    const { body } = await accepted(server.post(REFRESH, { refreshToken: first.refreshToken, nonce: 'n'.repeat(16) }));
    const second = keepTokens(body as Tokens);
    told.push(JSON.stringify((await accepted(server.get(SESSION, { token: second.accessToken }))).body));
    told.push(JSON.stringify((await accepted(server.get('/v1/users/me', { token: second.accessToken }))).body));
    await accepted(server.post(LOGOUT, {}, { token: second.accessToken }));
    await refused(server.post(REFRESH, { refreshToken: second.refreshToken }));
    await refused(server.post(REFRESH, { refreshToken: first.refreshToken }));
  });

  it.each(FAULTS)('stays secret when WeChat fails: $kind $errcode', async (fault) => {
    server.wechat.fail(fault);
    await refused(server.post(LOGIN, { code: login('bob') }));
  });

  it('stays secret when a code comes twice, and when it is of another app', async () => {
    const code = login('carol');
    await accepted(server.post(LOGIN, { code }));
    await refused(server.post(LOGIN, { code }));
    await refused(server.post(LOGIN, { code: login('carol'), appId: SANDBOX_APPS[1]!.appId }));
    await refused(server.post(LOGIN, { code: canaries.hatch('made-up code') }));
  });

  it('stays secret when a body is refused', async () => {
    const json = { 'content-type': 'application/json' };
    const hatch = (name: string) => canaries.hatch(name);
    await refused(server.post(LOGIN, { code: `${hatch('code with a parameter')}&appid=x` }));
    await refused(server.post(LOGIN, { code: [hatch('code in a list')] }));
    await refused(server.post(LOGIN, { code: hatch('code beside an unknown app'), appId: hatch('unknown app') }));
    await refused(server.post(LOGIN, { code: hatch('code beside'), session_key: hatch('unknown field') }));
    await refused(server.post(LOGIN, { code: 'x', device: { name: `${hatch('device name')}\0` } }));
    await refused(server.post(REFRESH, { refreshToken: hatch('made-up refresh token') }));
    await refused(server.post(REFRESH, { refreshToken: 'x', nonce: hatch('bad nonce') }));
    await refused(server.post(LOGOUT, { refreshToken: { value: hatch('refresh token in an object') } }));
    // JSON.parse quotes the text around the place where it gave up.
    for (const text of [hatch('text'), `{"code":"${hatch('cut off')}`, `{"code":${hatch('unquoted')}}`]) {
      await refused(server.request('POST', LOGIN, { rawBody: text, headers: json }));
    }
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    await refused(server.request('POST', LOGIN, { rawBody: `code=${hatch('form field')}`, headers: form }));
  });

  it('stays secret when a token is refused', async () => {
    const { accessToken, refreshToken } = await signIn('dave');
    const key = await openServerKey(server);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keep = (name: string, token: string) => canaries.keep(name, token);
    const expired = { iat: 1_700_000_000, exp: 1_700_003_600 };
    const wrong = [
      keep('expired token', await signToken(key, claimsWith(expired))),
      keep('token of another issuer', await signToken(key, claimsWith({ iss: 'http://elsewhere.test' }))),
      keep('token without roles', await signToken(key, claimsWith({ roles: undefined }))),
      keep('token of a foreign key', await signToken({ kid: key.kid, privateKey })),
      keep('token of an unknown key', await signToken({ kid: 'A'.repeat(43), privateKey })),
      canaries.hatch('no token at all'),
      refreshToken,
    ];
    for (const token of wrong) await refused(server.get(SESSION, { token }));
    const basic = { authorization: `Basic ${canaries.hatch('basic credentials')}` };
    await refused(server.get(SESSION, { headers: basic }));
    await refused(server.post(REFRESH, { refreshToken: accessToken }));
  });

  it('stays secret when it was put into a URL', async () => {
    const { accessToken, refreshToken } = await signIn('erin');
    await refused(server.get(`${SESSION}?access_token=${accessToken}`));
    await refused(server.get(`/v1/auth/refresh/${refreshToken}`));
    await refused(server.get(`/sns/jscode2session?js_code=${canaries.hatch('code in a query')}`));
    await refused(server.request('DELETE', `/${canaries.hatch('path')}`));
    await refused(server.get(`/${canaries.hatch('path that cannot be decoded')}%zz`));
    await refused(sendRaw(server.url, `GET /${canaries.hatch('endless path').padEnd(20_000, 'x')} HTTP/1.1\r\n\r\n`));
    await refused(sendRaw(server.url, `${canaries.hatch('no HTTP')}\r\n\r\n`));
    const referer = `https://example.test/?code=${canaries.hatch('referrer')}`;
    await refused(server.get('/nowhere', { headers: { referer, cookie: `sid=${canaries.hatch('cookie')}` } }));
  });

  it('stays secret when the database refuses a row that holds it', async () => {
    // PostgreSQL then quotes the row in the error's detail.
    await server.sql(`alter table identities add constraint broken check (kind = 'none') not valid`);
    try {
      const answer = await server.post(LOGIN, { code: login('frank') });
      expect(answer).toMatchObject({ status: 500, body: { code: 'INTERNAL' } });
      await refused(Promise.resolve(answer));
    } finally {
      await server.sql('alter table identities drop constraint broken');
    }
  });

  it('stays secret when a table is gone', async () => {
    const { accessToken, refreshToken } = await signIn('grace');
    await server.sql('alter table sessions rename to sessions_away');
    try {
      await refused(server.post(LOGIN, { code: login('heidi') }));
      await refused(server.post(REFRESH, { refreshToken }));
      await refused(server.post(LOGOUT, {}, { token: accessToken }));
    } finally {
      await server.sql('alter table sessions_away rename to sessions');
    }
  });

  it('stays secret in the metrics', async () => {
    await refused(server.get('/metrics'));
    await refused(server.get('/metrics', { token: canaries.hatch('wrong METRICS_TOKEN') }));
    const { body } = await accepted(server.get('/metrics', { token: METRICS_TOKEN }));
    expect(body).toContain('wechat_call_seconds_count{');
    told.push(body as string);
  });
});

describe('the search for secrets', () => {
  it('finds each of them when it is logged under a name that nobody guards', () => {
    expect(canaries.all().length).toBeGreaterThan(50);
    for (const [name, value] of canaries.all()) {
      const lines: string[] = [];
      const logger = createLogger('trace', { write: (line: string) => void lines.push(line) });
      logger.info({ note: value }, 'on purpose');
      expect({ name, found: canaries.foundIn(lines.join('')).length > 0 }).toEqual({ name, found: true });
    }
  });

  it('finds one in a URL, in hexadecimal and in base64', () => {
    const value = canaries.keep('with signs', 'a+b/c=d&e"f g');
    for (const text of [
      encodeURIComponent(value),
      Buffer.from(value).toString('hex'),
      Buffer.from(value).toString('base64'),
      JSON.stringify({ value }),
    ]) {
      expect(canaries.foundIn(`before ${text} after`)).toEqual(['with signs']);
    }
  });

  it('looked at a log of every request that came through', () => {
    const lines = server.logs.map((line) => JSON.parse(line) as { msg: string; level: string });
    const served = lines.filter(({ msg }) => msg === 'request').length;
    // Two never became a request, one could not be routed.
    expect(served).toBeGreaterThanOrEqual(requests - 3);
    expect(lines.some(({ level }) => level === 'error')).toBe(true);
    expect(lines.some(({ level }) => level === 'warn')).toBe(true);
    expect(lines.some(({ level }) => level === 'debug')).toBe(true);
  });
});

describe('the log', () => {
  it('is one JSON object a line, each with level, time and msg', () => {
    expect(server.logs.length).toBeGreaterThan(50);
    for (const line of server.logs) {
      expect(line).toMatch(/^\{.*\}\n$/);
      const entry = JSON.parse(line) as Record<string, unknown>;
      expect(entry['level']).toMatch(/^(trace|debug|info|warn|error|fatal)$/);
      expect(new Date(entry['time'] as string).toISOString()).toBe(entry['time']);
      expect(entry['msg']).toMatch(/\S/);
    }
  });

  it('names the trace id of an answer, so that a report of a user can be found', async () => {
    server.wechat.fail({ api: 'jscode2session', kind: 'errcode', errcode: 40013 });
    const { body } = await server.signIn('grace');
    const entries = server.logs
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((entry) => entry['traceId'] === body.traceId);
    expect(entries).toContainEqual(expect.objectContaining({ msg: 'request', route: LOGIN, status: 502 }));
    expect(entries).toContainEqual(expect.objectContaining({ level: 'error', code: 'WECHAT_MISCONFIGURED' }));
  });
});
