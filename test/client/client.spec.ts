import {
  AuthError,
  createClient,
  type AuthEvent,
  type ClientOptions,
  type PassportClient,
} from 'wechat-passport-client';
import { callContainerTransport } from 'wechat-passport-client';
import { TestServer } from '../support/test-server.js';
import { PhoneClock } from '../support/wx-runtime/phone-clock.js';
import { taroOf, uniOf, type Framework } from '../support/wx-runtime/frameworks.js';
import type { Network } from '../support/wx-runtime/wx-network.js';
import { WxPhone } from '../support/wx-runtime/wx-phone.js';
import { imageOf } from '../support/uploads.js';

const YEAR_MS = 365 * 86_400_000;
const HOURS_2_MS = 7_200_000;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.close());

let people = 0;
const phoneOf = (user = `person-${(people += 1)}`, clock = new PhoneClock()) =>
  new WxPhone({ wechat: server.wechat, user, clock });

/** A client on a phone, and what the app hears of it. */
function open(phone: WxPhone, options: Partial<ClientOptions> = {}): PassportClient & { readonly heard: AuthEvent[] } {
  const heard: AuthEvent[] = [];
  const client = createClient({ baseURL: server.url, platform: phone.wx, clock: phone.clock, ...options });
  client.onAuthStateChange((event) => heard.push(event));
  return Object.assign(client, { heard });
}

const who = async (client: PassportClient) =>
  (await client.request<{ userId: string; sessionId: string }>({ url: '/v1/auth/session' })).data;
const failure = async (work: Promise<unknown>): Promise<AuthError> => {
  try {
    await work;
  } catch (error) {
    expect(error).toBeInstanceOf(AuthError);
    return error as AuthError;
  }
  throw new Error('it went well');
};
const refreshesOf = (phone: WxPhone) => phone.net.sent.filter((one) => one === 'POST /v1/auth/refresh').length;
const kept = (phone: WxPhone) => JSON.parse(phone.wx.getStorageSync('wechat-passport') as string);
const expireSessions = (userId: string) =>
  server.sql(`update sessions set idle_expires_at = now() - interval '1 second' where user_id = $1`, [userId]);

/** Answers requests to a path in the server's place. */
const answering =
  (path: string, statusCode: number, data: object, header = {}): Network =>
  (request, carry) =>
    request.url.endsWith(path) ? Promise.resolve({ statusCode, data, header }) : carry();
const offline: Network = () => Promise.reject(new Error(''));

describe('signing in', () => {
  it('happens once at launch, and what is asked meanwhile waits for it', async () => {
    const phone = phoneOf();
    const client = open(phone);
    const [first, ...others] = await Promise.all([who(client), who(client), client.signIn(), client.signIn()]);
    expect(others).toMatchObject([first, { status: 'signed_in' }, { status: 'signed_in' }]);
    expect([phone.count('login'), client.heard]).toEqual([1, ['SIGNED_IN', 'INITIAL_SESSION']]);
  });

  it('is not needed after a restart', async () => {
    const phone = phoneOf();
    const before = await who(open(phone));
    const client = open(phone);
    expect(await who(client)).toEqual(before);
    expect((await client.getSession())!.user.id).toBe(before.userId);
    expect(phone.count('login')).toBe(1);
  });

  it('sends the same device id every time, so that the device has one session', async () => {
    const phone = phoneOf();
    const client = open(phone);
    await who(client);
    await client.signOut();
    await client.signIn({ interactive: true });
    const sessions = await client.listSessions();
    expect(sessions).toMatchObject([{ current: true, deviceName: 'iPhone 15', devicePlatform: 'ios' }]);
    expect(kept(phone).deviceId).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
    expect(kept(phone).session.nonce).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
  });

  it('tries another code when one was refused', async () => {
    const phone = phoneOf();
    let refusals = 0;
    phone.net.network = async (request, carry) => {
      const answer = await carry();
      // The answer to a request that the network has doubled.
      return request.url.endsWith('/login') && (refusals += 1) === 1 ? carry() : answer;
    };
    expect((await open(phone).signIn()).status).toBe('signed_in');
    expect(phone.count('login')).toBe(2);
  });

  it('keeps its hands off when a person has signed out, until a person signs in', async () => {
    const phone = phoneOf();
    const client = open(phone);
    await who(client);
    expect(await client.signOut()).toBe(true);
    for (const again of [client, open(phone)]) {
      expect(await failure(who(again))).toMatchObject({ code: 'SIGN_IN_REQUIRED', remedy: 'ask-user', status: 0 });
      expect((await failure(again.signIn())).code).toBe('SIGN_IN_REQUIRED');
      expect(await again.getSession()).toBeNull();
    }
    expect([phone.count('login'), client.heard.at(-1)]).toEqual([1, 'SIGNED_OUT']);
    expect((await client.signIn({ interactive: true })).status).toBe('signed_in');
    await who(open(phone));
    expect(phone.count('login')).toBe(2);
  });

  it('signs out without a network, and says that the server does not know', async () => {
    const phone = phoneOf();
    const client = open(phone);
    await who(client);
    phone.net.network = offline;
    expect(await client.signOut()).toBe(false);
    expect(kept(phone)).toMatchObject({ session: null, signedOut: true });
  });

  it('drops a sign-in that a sign-out has overtaken', async () => {
    const phone = phoneOf();
    const client = open(phone, { autoLogin: false });
    phone.net.network = async (_request, carry) => {
      const answer = await carry();
      await client.signOut();
      return answer;
    };
    expect((await failure(client.signIn())).code).toBe('SIGN_IN_REQUIRED');
    expect(kept(phone)).toMatchObject({ session: null, signedOut: true });
  });

  it('stops for somebody who is disabled, without a login page', async () => {
    const phone = phoneOf();
    const client = open(phone);
    const { userId } = await who(client);
    await server.sql(`update users set status = 'disabled' where id = $1`, [userId]);
    await expireSessions(userId);
    phone.net.network = answering('/session', 401, { code: 'SESSION_EXPIRED', remedy: 'login-again' });
    expect(await failure(who(client))).toMatchObject({ code: 'USER_DISABLED', remedy: 'stop' });
    expect((await failure(who(client))).code).toBe('USER_DISABLED');
    expect([phone.count('login'), client.heard]).toEqual([2, ['SIGNED_IN', 'INITIAL_SESSION']]);
  });
});

describe('an access token that is refused', () => {
  it('is refreshed once for everybody, and every request is sent again', async () => {
    const phone = phoneOf();
    const client = open(phone);
    await who(client);
    let refused = 0;
    phone.net.network = (request, carry) =>
      request.url.endsWith('/session') && (refused += 1) <= 10
        ? Promise.resolve({ statusCode: 401, header: {}, data: { code: 'ACCESS_TOKEN_EXPIRED', remedy: 'refresh' } })
        : carry();
    const answers = await Promise.all(Array.from({ length: 10 }, () => who(client)));
    expect(answers).toHaveLength(10);
    expect([refreshesOf(phone), phone.net.most, phone.count('login')]).toEqual([1, 10, 1]);
    expect(client.heard).toEqual(['SIGNED_IN', 'INITIAL_SESSION', 'TOKEN_REFRESHED']);
  });

  it('rejects every waiter when it cannot be refreshed, keeps the session, and goes on later', async () => {
    const phone = phoneOf();
    const client = open(phone);
    const { sessionId } = await who(client);
    phone.net.network = answering('', 401, { code: 'ACCESS_TOKEN_EXPIRED', remedy: 'refresh' });
    const lost = phone.net.network;
    phone.net.network = (request, carry) =>
      request.url.endsWith('/refresh') ? carry().then(() => offline(request, carry)) : lost(request, carry);
    const errors = await Promise.all(Array.from({ length: 25 }, () => failure(who(client))));
    expect(new Set(errors.map(({ code, remedy }) => `${code} ${remedy}`))).toEqual(
      new Set(['NETWORK_FAILED retry-later']),
    );
    expect(refreshesOf(phone)).toBe(3);
    phone.net.network = (_request, carry) => carry();
    expect((await who(client)).sessionId).toBe(sessionId);
    await client.refreshSession();
    expect((await who(client)).sessionId).toBe(sessionId);
    expect([phone.count('login'), client.heard.includes('SIGNED_OUT')]).toEqual([1, false]);
  });

  it('leaves nobody waiting when no answer ever comes', async () => {
    const phone = phoneOf();
    const client = open(phone);
    await who(client);
    phone.net.network = () => new Promise(() => undefined);
    const waiting = Promise.all([failure(client.refreshSession()), failure(client.refreshSession())]);
    for (let tries = 0; tries < 3; tries += 1) {
      await new Promise(setImmediate);
      phone.clock.advance(20_000);
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    }
    expect((await waiting).map(({ code }) => code)).toEqual(['NETWORK_FAILED', 'NETWORK_FAILED']);
  });

  it.each([
    ['a 503', 503, 'SERVICE_UNAVAILABLE', 'retry-later'],
    ['a 500', 500, 'INTERNAL', 'call-operator'],
    ['a 429', 429, 'RATE_LIMITED', 'retry-later'],
    ['a proxy', 502, undefined, undefined],
  ])('survives %s', async (_name, status, code, remedy) => {
    const phone = phoneOf();
    const client = open(phone);
    await who(client);
    phone.net.network = answering('/refresh', status, { code, remedy }, { 'Retry-After': '2' });
    expect(await failure(client.refreshSession())).toMatchObject({ status, retryAfter: 2 });
    phone.net.network = (_request, carry) => carry();
    expect(await client.refreshSession()).not.toBeNull();
    expect(phone.count('login')).toBe(1);
  });

  it('calls wx.login after three 409s in a row', async () => {
    const phone = phoneOf();
    const client = open(phone);
    await who(client);
    phone.net.network = answering('/refresh', 409, { code: 'REFRESH_SUPERSEDED', remedy: 'retry-later' });
    expect(await client.refreshSession()).not.toBeNull();
    expect([refreshesOf(phone), phone.count('login'), client.heard.includes('SIGNED_OUT')]).toEqual([3, 2, false]);
  });

  it('is refreshed four times in 120 s and no more, whatever restarts', async () => {
    const phone = phoneOf();
    await who(open(phone));
    for (let time = 0; time < 4; time += 1) await open(phone).refreshSession();
    expect(await failure(open(phone).refreshSession())).toMatchObject({ code: 'RATE_LIMITED', remedy: 'retry-later' });
    expect(refreshesOf(phone)).toBe(4);
    phone.clock.advance(121_000);
    await open(phone).refreshSession();
    expect(refreshesOf(phone)).toBe(5);
  });

  it('signs in silently when the session has expired', async () => {
    const phone = phoneOf();
    const client = open(phone);
    const { userId, sessionId } = await who(client);
    await expireSessions(userId);
    phone.clock.advance(HOURS_2_MS);
    const now = await who(client);
    expect([now.userId, now.sessionId === sessionId]).toEqual([userId, false]);
    expect([phone.count('login'), client.heard.includes('SIGNED_OUT')]).toEqual([2, false]);
  });

  it('shows the login page, once, when the device was signed out from elsewhere', async () => {
    const phone = phoneOf();
    const client = open(phone);
    const other = open(phoneOf(phone.options.user));
    const { sessionId } = await who(client);
    await other.revokeSession(sessionId);
    const errors = await Promise.all([failure(who(client)), failure(who(client)), failure(who(client))]);
    expect(errors.map(({ remedy }) => remedy)).toEqual(['ask-user', 'ask-user', 'ask-user']);
    expect(client.heard.filter((event) => event === 'SIGNED_OUT')).toHaveLength(1);
    expect((await failure(who(open(phone)))).code).toBe('SIGN_IN_REQUIRED');
    expect(phone.count('login')).toBe(1);
  });

  it('goes ahead of the end of a token, without letting anybody wait', async () => {
    const phone = phoneOf();
    const client = open(phone);
    await who(client);
    phone.clock.advance(HOURS_2_MS - 30_000);
    const before = await client.getSession();
    expect([refreshesOf(phone), before!.user.id]).toEqual([1, (await who(client)).userId]);
  });

  it.each([
    ['a year fast', YEAR_MS],
    ['a year slow', -YEAR_MS],
  ])('does not depend on the clock, which is %s', async (_name, offset) => {
    const phone = phoneOf(undefined, new PhoneClock(offset));
    const client = open(phone);
    const { sessionId } = await who(client);
    phone.clock.put(-offset);
    expect((await who(client)).sessionId).toBe(sessionId);
    phone.clock.put(-offset);
    expect((await who(client)).sessionId).toBe(sessionId);
    phone.net.network = answering('/session', 401, { code: 'ACCESS_TOKEN_EXPIRED', remedy: 'refresh' });
    expect((await failure(who(client))).code).toBe('ACCESS_TOKEN_EXPIRED');
    expect([refreshesOf(phone) > 0, phone.count('login')]).toEqual([true, 1]);
  });

  it('is read from an answer in an envelope as well', async () => {
    const phone = phoneOf();
    const envelope: Network = async (_request, carry) => {
      const { statusCode, header, data } = await carry();
      const { code, remedy, detail } = data as Record<string, string>;
      const wrapped = statusCode < 400 ? data : { code, remedy };
      const body = { success: statusCode < 400, code: statusCode, message: detail ?? 'ok', traceId: 't'.repeat(32) };
      return { statusCode, header, data: { ...body, datetime: '2026-01-01 00:00:00', data: wrapped } };
    };
    phone.net.network = envelope;
    const client = open(phone);
    expect((await who(client)).userId).toBe((await client.getUser()).id);
    expect(await failure(client.request({ url: '/v1/nowhere' }))).toMatchObject({
      code: 'NOT_FOUND',
      remedy: 'fix-request',
      status: 404,
      traceId: 't'.repeat(32),
    });
  });
});

describe('a phone', () => {
  it('loses an answer in the background, and goes on when it is back', async () => {
    const phone = phoneOf();
    const client = open(phone);
    const { sessionId } = await who(client);
    phone.net.network = (_request, carry) => carry().then(() => new Promise(() => undefined));
    const refreshed = client.refreshSession();
    phone.hide();
    phone.clock.advance(5000);
    await new Promise(setImmediate);
    phone.net.network = (_request, carry) => carry();
    phone.show();
    expect(await refreshed).not.toBeNull();
    expect([(await who(client)).sessionId, refreshesOf(phone), phone.count('login')]).toEqual([sessionId, 2, 1]);
  });

  it('whose storage fails stays signed in until the app ends', async () => {
    const phone = phoneOf();
    phone.storageFails = true;
    const client = open(phone);
    const { sessionId } = await who(client);
    await client.refreshSession();
    phone.storageFails = false;
    await client.refreshSession();
    expect((await who(open(phone))).sessionId).toBe(sessionId);
  });

  it('lets two clients share one storage', async () => {
    const phone = phoneOf();
    const [one, other] = [open(phone), open(phone)];
    await Promise.all([who(one), who(other)]);
    await Promise.all([one.refreshSession(), other.refreshSession()]);
    await Promise.all([one.refreshSession(), other.refreshSession()]);
    expect((await who(one)).sessionId).toBe((await who(other)).sessionId);
    expect([one, other].some(({ heard }) => heard.includes('SIGNED_OUT'))).toBe(false);
  });

  it.each([
    ['Taro', taroOf],
    ['uni-app', uniOf],
  ])('works the same through %s, and leaves no rejection unhandled', async (_name, framework) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const phone = phoneOf();
    const platform: ReturnType<typeof uniOf> & Partial<Pick<Framework, 'addInterceptor'>> = framework(phone);
    if (platform.addInterceptor) {
      // It changes what everybody else gets.
      platform.addInterceptor((chain) =>
        chain.proceed(chain.requestParams).then((answer) => {
          const { statusCode, data } = answer as { statusCode: number; data: unknown };
          return statusCode === 200 ? data : Promise.reject(new Error('intercepted'));
        }),
      );
    }
    const client = open(phone, { platform });
    expect((await who(client)).userId).toBe((await client.getUser()).id);
    expect((await failure(client.request({ url: '/v1/nowhere' }))).code).toBe('NOT_FOUND');
    phone.net.network = offline;
    expect((await failure(client.refreshSession())).code).toBe('NETWORK_FAILED');
    phone.settings = { 'scope.camera': false };
    expect((await failure(client.ensureScope('camera'))).code).toBe('SCOPE_DENIED');
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('reaches a service on cloud hosting without a domain', async () => {
    const phone = phoneOf();
    const seen: object[] = [];
    const cloud = {
      callContainer: ({ path, config, ...options }: { path: string; config: object; header: object }) => {
        seen.push({ path, config, service: (options.header as Record<string, string>)['X-WX-SERVICE'] });
        return phone.wx.request({ ...options, url: server.url + path } as never);
      },
    };
    const transport = callContainerTransport({ cloud, env: 'prod-1', service: 'passport' });
    await who(open(phone, { transport, baseURL: '' }));
    expect(seen.at(-1)).toEqual({ path: '/v1/auth/session', config: { env: 'prod-1' }, service: 'passport' });
  });
});

describe('a request', () => {
  it('shows the token to the server and to those that are trusted only', async () => {
    const phone = phoneOf();
    const trusted = server.url.replace('127.0.0.1', 'localhost');
    const client = open(phone, { trustedURLs: [trusted] });
    await who(client);
    const seen: (string | undefined)[] = [];
    phone.net.network = (request) => {
      seen.push(request.header?.['Authorization']);
      return Promise.resolve({ statusCode: 200, header: {} });
    };
    await client.request({ url: `${trusted}/v1/auth/session` });
    await client.request({ url: 'https://elsewhere.example.com/', auth: 'open' });
    for (const url of [
      'https://elsewhere.example.com/',
      `${server.url}.evil.example.com/`,
      `${server.url}@evil.example.com/`,
    ]) {
      expect((await failure(client.request({ url }))).code).toBe('URL_NOT_TRUSTED');
    }
    expect(seen).toEqual([expect.stringMatching(/^Bearer ey/), undefined]);
  });

  it.each([
    ['authorization', 'authorization'],
    ['authentication', 'authentication'],
    ['sid', 'sid'],
  ] as const)('carries the token as %s', async (carrier, header) => {
    const phone = phoneOf();
    const client = open(phone, { carrier });
    await client.signIn();
    let seen: Readonly<Record<string, string>> = {};
    phone.net.network = ({ header: sent = {} }) => {
      seen = sent;
      return Promise.resolve({ statusCode: 200, header: {} });
    };
    await client.request({ url: '/anything' });
    expect(seen).toEqual({ [header]: (await client.getSession())!.accessToken });
  });

  it('goes at once when it is open, with or without somebody', async () => {
    const phone = phoneOf();
    const client = open(phone, { autoLogin: false });
    const { data } = await client.request<{ keys: unknown[] }>({ url: '/.well-known/jwks.json', auth: 'open' });
    expect([data.keys.length > 0, phone.count('login')]).toEqual([true, 0]);
  });

  it('can be given up, while it waits for a sign-in and while it is under way', async () => {
    const phone = phoneOf();
    phone.net.network = () => new Promise(() => undefined);
    const client = open(phone);
    const early = client.request({ url: '/v1/auth/session' });
    early.abort();
    expect(await failure(early)).toMatchObject({ code: 'REQUEST_ABORTED', remedy: 'stop' });
    const open_ = client.request({ url: '/v1/auth/session', auth: 'open' });
    await new Promise(setImmediate);
    open_.abort();
    expect((await failure(open_)).code).toBe('REQUEST_ABORTED');
    expect(phone.net.sent.toSorted()).toEqual(['GET /v1/auth/session', 'POST /v1/auth/wechat/login']);
  });

  it('answers by callbacks as well', async () => {
    const client = open(phoneOf());
    const told: string[] = [];
    await new Promise<void>((resolve) => {
      void client.request({
        url: '/v1/auth/session',
        success: ({ statusCode }) => told.push(`success ${statusCode}`),
        complete: () => resolve(),
      });
    });
    await new Promise<void>((resolve) => {
      void client.request({
        url: '/v1/nowhere',
        fail: ({ code }) => told.push(`fail ${code}`),
        complete: () => resolve(),
      });
    });
    await new Promise<void>(
      (resolve) => void client.signIn({ success: ({ status }) => resolve(void told.push(status)) }),
    );
    expect(told).toEqual(['success 200', 'fail NOT_FOUND', 'signed_in']);
  });

  it('uploads and downloads', async () => {
    const phone = phoneOf();
    const client = open(phone);
    phone.net.files.set('wxfile://avatar', imageOf('image/png'));
    const user = await client.uploadAvatar('wxfile://avatar');
    const address = user.avatarUrl!.replace('http://passport.test', server.url);
    const { tempFilePath } = await client.downloadFile({ url: address });
    expect(phone.net.files.get(tempFilePath!)).toEqual(phone.net.files.get('wxfile://avatar'));
    expect((await client.updateUser({ nickname: '小明' })).nickname).toBe('小明');
    expect(client.heard.filter((event) => event === 'USER_UPDATED')).toHaveLength(2);
    await client.deleteUser();
    expect(kept(phone)).toMatchObject({ session: null, signedOut: true });
  });
});

describe('what a person allows', () => {
  it('is asked for once, and after a denial in the settings', async () => {
    const phone = phoneOf();
    const client = open(phone);
    phone.agrees.authorize = false;
    expect(await failure(client.ensureScope('userLocation'))).toMatchObject({
      code: 'SCOPE_DENIED',
      remedy: 'ask-user',
    });
    expect((await failure(client.getLocation({ explain: () => false }))).code).toBe('SCOPE_DENIED');
    expect([phone.count('authorize'), phone.count('openSetting')]).toEqual([1, 0]);
    expect(await client.getLocation({ explain: () => true })).toMatchObject({ latitude: 31.2 });
    expect([phone.count('authorize'), phone.count('openSetting')]).toEqual([1, 1]);
  });

  it('does not help where the phone does not know where it is', async () => {
    const phone = phoneOf();
    phone.location = null;
    expect((await failure(open(phone).getLocation())).code).toBe('LOCATION_OFF');
  });

  it.each([
    [103, 'PRIVACY_DENIED', 'ask-user'],
    [104, 'PRIVACY_DENIED', 'ask-user'],
    [112, 'PRIVACY_UNDECLARED', 'call-operator'],
    [1025, 'PRIVACY_BANNED', 'call-operator'],
    [1026, 'PRIVACY_BANNED', 'call-operator'],
  ])('may be forbidden by the privacy agreement: errno %d', async (errno, code, remedy) => {
    const phone = phoneOf();
    const client = open(phone);
    phone.privacyErrno = errno;
    for (const work of [client.requirePrivacy(), client.ensureScope('record'), client.getLocation()]) {
      expect(await failure(work)).toMatchObject({ code, remedy });
    }
    const press = { detail: { errMsg: 'getPhoneNumber:fail', errno } };
    expect(await failure(client.linkPhone(press))).toMatchObject({ code, remedy });
  });
});
