import { expectProblem } from '../support/problems.js';
import { TestServer, type Answer } from '../support/test-server.js';
import { imageOf, uploadAvatar } from '../support/uploads.js';

const ME = '/v1/users/me';

const put = (server: TestServer, token: string, body: unknown): Promise<Answer> =>
  server.request('PUT', ME, { token, body });
const tokenOf = async (server: TestServer, user: string): Promise<string> =>
  (await server.signIn(user)).body.tokens.accessToken as string;
const warnings = (server: TestServer, text: string): string[] =>
  server.logs.filter((line) => line.includes('"level":"warn"') && line.includes(text));

describe('my profile', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server.close());

  it('changes only the fields that are sent', async () => {
    const token = await tokenOf(server, 'alice');
    const { body: uploaded } = await uploadAvatar(server, token, imageOf('image/png'));
    const changed = await put(server, token, { nickname: '小明 👩‍👩‍👧' });
    expect(changed.status).toBe(200);
    expect(changed.body).toEqual({ ...uploaded, nickname: '小明 👩‍👩‍👧' });
    expect((await put(server, token, {})).body).toEqual(changed.body);
    expect((await put(server, token, { nickname: null })).body).toEqual(uploaded);
  });

  it('is asked of WeChat only where the operator wants it', async () => {
    const token = await tokenOf(server, 'unchecked');
    server.wechat.clearCalls();
    await put(server, token, { nickname: 'anything' });
    expect(server.wechat.calls()).toEqual([]);
  });

  it('leaves in the audit log which fields were changed, never to what, and nothing when none was', async () => {
    const { body } = await server.signIn('audited');
    const token = body.tokens.accessToken as string;
    await put(server, token, {});
    await put(server, token, { nickname: 'canary-nickname' });
    await put(server, token, { nickname: null, avatarUrl: null });
    const events = await server.sql<{ fields: string[]; row: string }>(
      `select fields, a::text as row from audit_events a where user_id = $1 and event = 'profile_changed' order by id`,
      [body.user.id],
    );
    expect(events.map(({ fields }) => fields)).toEqual([['nickname'], ['nickname', 'avatar']]);
    expect(JSON.stringify(events)).not.toContain('canary-nickname');
    expect(server.logs.join('')).not.toContain('canary-nickname');
  });

  it('takes 64 characters, however many bytes they have', async () => {
    const token = await tokenOf(server, 'long');
    expect((await put(server, token, { nickname: '𠮷'.repeat(64) })).body.nickname).toBe('𠮷'.repeat(64));
  });

  it.each<[string, unknown]>([
    ['an empty nickname', { nickname: '' }],
    ['a blank nickname', { nickname: ' \u3000 ' }],
    ['a nickname of 65 characters', { nickname: '𠮷'.repeat(65) }],
    ['a nickname on two lines', { nickname: 'a\nb' }],
    ['a nickname with NUL', { nickname: 'a\0b' }],
    ['a nickname that turns the reading direction', { nickname: 'a\u202eb' }],
    ['a number for a nickname', { nickname: 7 }],
    ['a list for a nickname', { nickname: ['a'] }],
    ['the URL of an avatar', { avatarUrl: 'https://example.com/a.png' }],
    ['an empty URL', { avatarUrl: '' }],
    ['a field of the server', { nickname: 'a', roles: ['admin'] }],
    ['a phone number', { phone: '13800138000' }],
    ['a list', []],
  ])('is not changed by %s', async (_what, body) => {
    const token = await tokenOf(server, 'strict');
    expectProblem(await put(server, token, body), 'VALIDATION_FAILED');
    expect((await server.get(ME, { token })).body.nickname).toBeNull();
  });
});

describe('my nickname, where WeChat is asked about it', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ NICKNAME_CHECK: 'on', WECHAT_TIMEOUT_MS: '500' });
    server.wechat.addRiskyText({ text: 'forbidden', suggest: 'risky', label: 20001 });
    server.wechat.addRiskyText({ text: 'doubtful', suggest: 'review', label: 20002 });
  });
  afterAll(() => server.close());
  beforeEach(() => void server.logs.splice(0));

  const calls = () => server.wechat.calls().filter(({ api }) => api === 'msg_sec_check');

  it('is refused when WeChat calls it risky, and stays what it was', async () => {
    const token = await tokenOf(server, 'risky');
    expect((await put(server, token, { nickname: 'fine' })).body.nickname).toBe('fine');
    const refused = await put(server, token, { nickname: 'a forbidden name' });
    expectProblem(refused, 'VALIDATION_FAILED');
    expect(refused.body.detail).toBe('nickname: WeChat considers it unsuitable');
    expect((await server.get(ME, { token })).body.nickname).toBe('fine');
    expect(server.logs.join('')).not.toContain('a forbidden name');
  });

  it('is admitted, with a line in the log, when WeChat would have a human look at it', async () => {
    const token = await tokenOf(server, 'doubted');
    expect((await put(server, token, { nickname: 'a doubtful name' })).status).toBe(200);
    expect(warnings(server, 'review of a nickname')).toHaveLength(1);
    expect(server.logs.join('')).not.toContain('a doubtful name');
  });

  it.each([
    ['is away', { kind: 'status', status: 500 } as const],
    ['hangs', { kind: 'hang' } as const],
    ['is over its quota', { kind: 'errcode', errcode: 45009 } as const],
    ['has not seen the person of late', { kind: 'errcode', errcode: 61010 } as const],
  ])('is admitted, with a line in the log, when WeChat %s', async (_what, fault) => {
    const token = await tokenOf(server, 'untold');
    server.wechat.clearFaults();
    server.wechat.fail({ api: 'msg_sec_check', ...fault });
    const answer = await put(server, token, { nickname: 'a forbidden name' });
    server.wechat.clearFaults();
    expect([answer.status, answer.body.nickname]).toEqual([200, 'a forbidden name']);
    expect(warnings(server, 'does not say what it thinks')).toHaveLength(1);
  });

  it('is not asked about when it is cleared, or not sent', async () => {
    const token = await tokenOf(server, 'clearing');
    server.wechat.clearCalls();
    expect((await put(server, token, { nickname: null })).status).toBe(200);
    expect((await put(server, token, {})).status).toBe(200);
    expect(calls()).toEqual([]);
    await put(server, token, { nickname: 'asked' });
    expect(calls()).toHaveLength(1);
  });
});

describe('what a person may do so often only', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ RATE_LIMIT: 'on' });
  });
  afterAll(() => server.close());

  const sealed = { encryptedData: 'AAAA', iv: 'AAAA' };
  it.each<[string, number, (token: string) => Promise<Answer>]>([
    ['bind a phone number', 5, (token) => server.request('PUT', `${ME}/phone`, { token, body: { code: 'none' } })],
    ['decrypt', 5, (token) => server.post('/v1/wechat/decrypt', sealed, { token })],
    ['change the profile', 10, (token) => put(server, token, { nickname: 'n' })],
    ['export', 5, (token) => server.get(`${ME}/export`, { token })],
  ])('%s', async (what, times, act) => {
    const token = await tokenOf(server, `often ${what}`);
    for (let n = 0; n < times; n += 1) expect((await act(token)).status).not.toBe(429);
    const refused = await act(token);
    expectProblem(refused, 'RATE_LIMITED');
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect((await act(await tokenOf(server, `another ${what}`))).status).not.toBe(429);
  });

  it('guess registration tickets', async () => {
    const guess = () => server.post('/v1/auth/wechat/register', { ticket: 'guessed', phoneCode: 'code' });
    for (let n = 0; n < 60; n += 1) expectProblem(await guess(), 'TICKET_INVALID');
    expectProblem(await guess(), 'RATE_LIMITED');
  });
});
