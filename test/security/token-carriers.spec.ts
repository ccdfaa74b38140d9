import { TOKEN_CARRIERS, type TokenCarrier } from '../../src/config/token-carriers.js';
import { passwordLogin, personWithPassword } from '../support/password-person.js';
import { expectProblem } from '../support/problems.js';
import { sendRaw } from '../support/raw-http.js';
import { Forge } from '../support/signing-forge.js';
import { startProbe } from '../support/signing-probe.js';
import { SMS_TO_OUTBOX, smsSignIn } from '../support/sms-outbox.js';
import { TestServer, type Answer } from '../support/test-server.js';
import { formOf, imageOf } from '../support/uploads.js';
import { ALGORITHM_ATTACKS } from './attacks/algorithm.js';
import { CLAIM_ATTACKS } from './attacks/claims.js';
import { FORM_ATTACKS } from './attacks/form.js';
import { HEADER_ATTACKS } from './attacks/header.js';
import { SIGNATURE_ATTACKS } from './attacks/signature.js';

type Headers = Record<string, string>;

/** How each carrier carries a token. */
const CARRY: Readonly<Record<TokenCarrier, (token: string) => Headers>> = {
  bearer: (token) => ({ authorization: `Bearer ${token}` }),
  authorization: (token) => ({ authorization: token }),
  authentication: (token) => ({ authentication: token }),
  sid: (token) => ({ sid: token }),
  cookie: (token) => ({ cookie: `wp_access=${token}` }),
};

// The first of every kind, and every eighth after it. What looks like another scheme or like two headers is no token.
const SAMPLE = [ALGORITHM_ATTACKS, SIGNATURE_ATTACKS, FORM_ATTACKS, HEADER_ATTACKS, CLAIM_ATTACKS]
  .flatMap((attacks) => attacks.filter((_attack, at) => at % 8 === 0))
  .filter(({ inBodiesOnly }) => !inBodiesOnly);

const SESSION = '/v1/auth/session';
const JSON_TYPE = { 'content-type': 'application/json' };

describe('a server that takes tokens from every carrier', () => {
  let server: TestServer;
  let forge: Forge;
  beforeAll(async () => {
    ({ server } = await startProbe('in the server', { TOKEN_CARRIERS: TOKEN_CARRIERS.join(), ...SMS_TO_OUTBOX }));
    forge = await Forge.at(server);
  });
  afterAll(() => server.close());

  const tokensOf = async (user: string) =>
    (await server.signIn(user)).body.tokens as { accessToken: string; refreshToken: string };
  const me = (headers: Headers) => server.get('/v1/users/me', { headers });

  describe.each(TOKEN_CARRIERS)('by %s', (carrier) => {
    it('lets in with a good token, and signs out with it', async () => {
      const { accessToken } = await tokensOf(`by-${carrier}`);
      const headers = CARRY[carrier](accessToken);
      for (const path of [SESSION, '/v1/users/me', '/v1/business/own-guard', '/v1/business/strict']) {
        expect((await server.get(path, { headers })).status).toBe(200);
      }
      const name = { body: { nickname: `by ${carrier}` }, headers };
      expect((await server.request('PUT', '/v1/users/me', name)).body.nickname).toBe(`by ${carrier}`);
      expect((await server.post('/v1/auth/logout', {}, { headers })).status).toBe(204);
      expectProblem(await me(headers), 'SESSION_REVOKED');
    });

    it.each(SAMPLE)('refuses a token $name', async ({ token, code = 'ACCESS_TOKEN_INVALID' }) => {
      const headers = CARRY[carrier](token(forge));
      expectProblem(await server.get(SESSION, { headers }), code);
      expectProblem(await server.post('/v1/auth/logout', {}, { headers }), code);
    });
  });

  describe('refuses carriers that disagree', () => {
    const pairs = TOKEN_CARRIERS.flatMap((one) =>
      TOKEN_CARRIERS.filter((other) => other !== one).map((other) => [one, other] as const),
    ).filter(([one, other]) => !['bearer authorization', 'authorization bearer'].includes(`${one} ${other}`));

    it.each(pairs)('%s and %s', async (one, other) => {
      const [mine, others] = [forge.mine.accessToken, forge.other.accessToken];
      expectProblem(await me({ ...CARRY[one](mine), ...CARRY[other](others) }), 'ACCESS_TOKEN_INVALID');
      expect((await me({ ...CARRY[one](mine), ...CARRY[other](mine) })).status).toBe(200);
    });

    it.each(['sid', 'authentication', 'cookie'])('and two lines of %s', async (name) => {
      const ask = (...values: string[]) => {
        const lines = values.map((value) => `${name}: ${name === 'cookie' ? `wp_access=${value}` : value}`);
        return sendRaw(
          server.url,
          [`GET ${SESSION} HTTP/1.1`, 'host: x', 'connection: close', ...lines, '', ''].join('\r\n'),
        );
      };
      const { accessToken } = forge.mine;
      expect((await ask(accessToken)).status).toBe(200);
      expectProblem(await ask(accessToken, forge.other.accessToken), 'ACCESS_TOKEN_INVALID');
    });
  });

  describe('sets the cookie and nothing else in it', () => {
    const PHONE = { countryCode: '86', purePhoneNumber: '13800138000' };

    /** What the cookie is that came with these tokens. */
    function expectCookie(
      answer: Answer,
      tokens: { accessToken: string; expiresIn: number; refreshToken: string },
    ): void {
      expect(answer.status).toBe(200);
      const attributes = `Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=${tokens.expiresIn}`;
      expect(answer.headers.getSetCookie()).toEqual([`wp_access=${tokens.accessToken}; ${attributes}`]);
      expect(JSON.stringify([...answer.headers])).not.toContain(tokens.refreshToken);
    }

    it.each<[string, () => Promise<Answer>]>([
      ['WeChat', () => server.signIn('by-wechat')],
      [
        'registration by phone',
        async () => {
          const { ticket } = (await server.signIn('by-phone', { createUser: false })).body as { ticket: string };
          const { code: phoneCode } = server.wechat.phones.pressPhoneButton('by-phone', { phone: PHONE });
          return server.post('/v1/auth/wechat/register', { ticket, phoneCode });
        },
      ],
      [
        'password',
        async () => {
          const { username, password } = await personWithPassword(server, 'by-password');
          return passwordLogin(server, username, password);
        },
      ],
      ['SMS', () => smsSignIn(server, '+8613900139000')],
    ])('with a sign-in by %s', async (_how, signIn) => {
      const answer = await signIn();
      expectCookie(answer, answer.body.tokens);
    });

    it('with a refresh', async () => {
      const { refreshToken } = await tokensOf('refresher');
      const answer = await server.post('/v1/auth/refresh', { refreshToken });
      expectCookie(answer, answer.body);
    });

    it('with a merge, not with what gives no tokens', async () => {
      const phone = { countryCode: '86', purePhoneNumber: '13700137000' };
      const people = ['merge-one', 'merge-two'];
      const bind = async (user: string) => {
        const token = (await tokensOf(user)).accessToken;
        const { code } = server.wechat.phones.pressPhoneButton(user, { phone });
        return { token, answer: await server.request('PUT', '/v1/users/me/phone', { token, body: { code } }) };
      };
      const [first, second] = [await bind(people[0]!), await bind(people[1]!)];
      expect([first.answer.status, second.answer.status]).toEqual([200, 409]);
      expect([first, second].map(({ answer }) => answer.headers.getSetCookie())).toEqual([[], []]);
      const { mergeTicket } = second.answer.body as { mergeTicket: string };
      const { code } = server.wechat.wxLogin(people[1]!);
      const merged = await server.post('/v1/users/me/merge', { mergeTicket, code }, { token: second.token });
      expectCookie(merged, merged.body.tokens);
    });

    it('and none for somebody who is not registered, is refused, or only looks', async () => {
      const { accessToken } = await tokensOf('onlooker');
      for (const answer of [
        await server.signIn('nobody-yet', { createUser: false }),
        await server.post('/v1/auth/wechat/login', { code: 'x' }),
        await me(CARRY.cookie(accessToken)),
      ]) {
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
    });
  });

  describe('takes the cookie away', () => {
    const CLEARED = ['wp_access=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0'];

    it.each([
      [undefined, CLEARED],
      ['local', CLEARED],
      ['global', CLEARED],
      ['others', []],
    ])('with a sign-out of scope %s: %j', async (scope, cookies) => {
      const { accessToken, refreshToken } = await tokensOf('leaver');
      const body = scope === undefined ? {} : { scope };
      const byCookie = await server.post('/v1/auth/logout', body, { headers: CARRY.cookie(accessToken) });
      expect([byCookie.status, byCookie.headers.getSetCookie()]).toEqual([204, cookies]);
      const again = await tokensOf('leaver');
      const byRefreshToken = await server.post('/v1/auth/logout', { ...body, refreshToken: again.refreshToken });
      expect([byRefreshToken.status, byRefreshToken.headers.getSetCookie()]).toEqual([204, cookies]);
      expect(refreshToken).not.toBe(again.refreshToken);
    });

    it('with an erasure, and not with a sign-out that was refused', async () => {
      const headers = CARRY.cookie((await tokensOf('erased')).accessToken);
      const refused = await server.post('/v1/auth/logout', { refreshToken: 'x' }, { headers });
      expect([refused.status, refused.headers.getSetCookie()]).toEqual([401, []]);
      const { code } = server.wechat.wxLogin('erased');
      const erased = await server.post('/v1/users/me/erase', { code }, { headers });
      expect([erased.status, erased.headers.getSetCookie()]).toEqual([204, CLEARED]);
    });
  });

  describe('by cookie, obeys no page of another site', () => {
    const upload = formOf([{ name: 'file', filename: 'a.png', type: 'image/png', bytes: imageOf('image/png') }]);

    it.each<[string, string, string, { rawBody?: string | Buffer; headers?: Headers }]>([
      ['a text that is JSON', 'POST', '/v1/auth/logout', { rawBody: '{}', headers: { 'content-type': 'text/plain' } }],
      [
        'a text that says JSON behind',
        'POST',
        '/v1/auth/logout',
        { rawBody: '{}', headers: { 'content-type': 'text/plain; application/json' } },
      ],
      [
        'a form',
        'POST',
        '/v1/auth/logout',
        { rawBody: 'scope=global', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      ],
      ['nothing at all', 'POST', '/v1/wechat/session/reset', {}],
      ['nothing, to sign out', 'POST', '/v1/auth/logout', {}],
      ['an upload', 'POST', '/v1/users/me/avatar', upload],
      ['a form of parts', 'POST', '/v1/users/me/erase', upload],
      [
        'a PUT of text',
        'PUT',
        '/v1/users/me',
        { rawBody: '{"nickname":"x"}', headers: { 'content-type': 'text/plain' } },
      ],
    ])('%s: %s %s', async (_what, method, path, options) => {
      const token = (await tokensOf('victim-of-csrf')).accessToken;
      const headers = { ...options.headers, ...CARRY.cookie(token), origin: 'https://evil.example' };
      const before = await server.sql('select xmin::text, * from users order by id');
      const calls = server.wechat.calls().length;
      const answer = await server.request(method, path, { ...options, headers });
      expect([400, 403]).toContain(answer.status);
      expectProblem(answer, answer.status === 400 ? 'VALIDATION_FAILED' : 'FORBIDDEN');
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(await server.sql('select xmin::text, * from users order by id')).toEqual(before);
      expect(server.wechat.calls().length).toBe(calls);
      expect((await me(CARRY.cookie(token))).status).toBe(200);
    });

    it('does the same when it is asked as JSON, or by a header, which no page can do', async () => {
      const { accessToken } = await tokensOf('honest');
      const rename = { rawBody: '{"nickname":"honest"}', headers: { ...JSON_TYPE, ...CARRY.cookie(accessToken) } };
      expect((await server.request('PUT', '/v1/users/me', rename)).body.nickname).toBe('honest');
      const byBoth = { ...upload.headers, ...CARRY.cookie(accessToken), ...CARRY.sid(accessToken) };
      expect((await server.request('POST', '/v1/users/me/avatar', { ...upload, headers: byBoth })).status).toBe(200);
      const other = await tokensOf('honest');
      const { sessionId } = (await server.get(SESSION, { token: other.accessToken })).body as { sessionId: string };
      const end = await server.request('DELETE', `/v1/auth/sessions/${sessionId}`, {
        headers: CARRY.cookie(accessToken),
      });
      expect(end.status).toBe(204);
    });

    it('allows nothing to a preflight', async () => {
      const answer = await server.request('OPTIONS', '/v1/auth/logout', {
        headers: {
          origin: 'https://evil.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      });
      expect(answer.status).toBe(404);
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    });
  });

  it('shows an admin nothing by cookie alone', async () => {
    const token = forge.token({ roles: ['admin'] });
    const ask = (headers: Headers) => server.get('/v1/business/admin', { headers });
    expect((await ask(CARRY.sid(token))).status).toBe(200);
    expect((await ask({ ...CARRY.sid(token), ...CARRY.cookie(token) })).status).toBe(200);
    expectProblem(await ask(CARRY.cookie(token)), 'FORBIDDEN');
  });

  it('does not take the credentials of a back end for a token', async () => {
    const headers = { authorization: `Basic ${Buffer.from('shop:secret').toString('base64')}` };
    expectProblem(await server.get(SESSION, { headers }), 'ACCESS_TOKEN_MISSING');
    const asked = await server.request('POST', '/oauth/introspect', {
      rawBody: 'token=x',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([asked.status, asked.body.error]).toEqual([401, 'invalid_client']);
  });

  it('looks at no carrier on a public route', async () => {
    const headers = { sid: 'one', authentication: 'another', cookie: 'wp_access=a; wp_access=b' };
    expect((await server.get('/healthz', { headers })).status).toBe(200);
    const { code } = server.wechat.wxLogin('public');
    expect((await server.post('/v1/auth/wechat/login', { code }, { headers })).status).toBe(200);
  });
});

describe('a server that takes tokens from two carriers, and wraps its answers', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ TOKEN_CARRIERS: 'sid,cookie', RESPONSE_ENVELOPE: 'on' });
  });
  afterAll(() => server.close());

  it('takes them from no other', async () => {
    const token = (await server.signIn('alice')).body.data.tokens.accessToken as string;
    const answers = TOKEN_CARRIERS.map(async (carrier) => {
      const { status, body } = await server.get(SESSION, { headers: CARRY[carrier](token) });
      return [carrier, status, status === 200 ? null : body.data.code];
    });
    expect(await Promise.all(answers)).toEqual([
      ['bearer', 401, 'ACCESS_TOKEN_MISSING'],
      ['authorization', 401, 'ACCESS_TOKEN_MISSING'],
      ['authentication', 401, 'ACCESS_TOKEN_MISSING'],
      ['sid', 200, null],
      ['cookie', 200, null],
    ]);
  });

  it('sets the cookie all the same, and takes it back from a mini-program that kept the whole header', async () => {
    const answer = await server.signIn('bob');
    const { accessToken, expiresIn } = answer.body.data.tokens as { accessToken: string; expiresIn: number };
    const [cookie] = answer.headers.getSetCookie();
    expect(cookie).toBe(`wp_access=${accessToken}; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=${expiresIn}`);
    const left = await server.post('/v1/auth/logout', {}, { headers: { cookie: cookie! } });
    expect([left.status, left.body.data, left.headers.getSetCookie()]).toEqual([
      200,
      null,
      [expect.stringMatching(/^wp_access=; .* Max-Age=0$/)],
    ]);
  });
});
