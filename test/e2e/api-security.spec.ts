import { createLogger } from '../../src/logging/logger.js';
import type { AppKeysDownload, CertificateDownload } from '../../src/sandbox/api-security/app-keys.js';
import type { Forgery } from '../../src/sandbox/api-security/sealed-answer.js';
import { startSandbox, type RunningSandbox } from '../../src/sandbox/start-sandbox.js';
import type { WechatAnswer, WechatCall } from '../../src/wechat/wechat-call.js';
import { WechatHttp } from '../../src/wechat/wechat-http.js';
import { startSmallUpstream, type SmallUpstream } from '../support/small-upstream.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const CLEAR = { appId: 'wxclear', secret: 'secret-of-the-clear-app' };
// An app for every state of its keys, so that no test depends on another.
const NAMES = ['good', 'forged', 'rotating', 'replaced', 'unset', 'skewed'] as const;
type Name = (typeof NAMES)[number];
const APPS = NAMES.map((name) => ({ appId: `wx${name}`, secret: `secret-of-the-${name}-app` }));
const appOf = (name: Name) => APPS[NAMES.indexOf(name)]!;

let sandbox: RunningSandbox;
let server: TestApp;
let http: WechatHttp;
const keys = new Map<string, AppKeysDownload>();

beforeAll(async () => {
  sandbox = await startSandbox({ apps: [CLEAR, ...APPS], logger: createLogger('silent') });
  for (const { appId } of APPS) keys.set(appId, await control('POST', appId));
  const secured = APPS.map((app) => ({ ...app, apiSecurity: keys.get(app.appId) }));
  const upcoming = await control<CertificateDownload>('POST', 'wxreplaced/rotation');
  const both = { ...keys.get('wxreplaced')!, certificates: [...keys.get('wxreplaced')!.certificates, upcoming] };
  server = await startTestApp({
    WECHAT_APPS: JSON.stringify([
      CLEAR,
      ...secured.map((app) => (app.appId === 'wxreplaced' ? { ...app, apiSecurity: both } : app)),
    ]),
    WECHAT_API_BASE_URL: sandbox.url,
  });
  http = server.app.get(WechatHttp, { strict: false });
});
afterAll(async () => {
  await server.close();
  await sandbox.close();
});

async function control<Answer>(method: string, path: string, body: unknown = {}): Promise<Answer> {
  const response = await fetch(`${sandbox.url}/sandbox/api-security/${path}`, {
    method,
    headers: method === 'POST' ? { 'content-type': 'application/json' } : {},
    body: method === 'POST' ? JSON.stringify(body) : null,
  });
  expect(response.status).toBeLessThan(300);
  const text = await response.text();
  return (text === '' ? null : JSON.parse(text)) as Answer;
}

const forge = (name: Name, forgery: Forgery) => control('POST', `${appOf(name).appId}/forgeries`, { forgery });

async function accessToken({ appId, secret }: { appId: string; secret: string }): Promise<string> {
  const response = await fetch(`${sandbox.url}/cgi-bin/stable_token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ grant_type: 'client_credential', appid: appId, secret }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

async function riskCall(app: { appId: string; secret: string }): Promise<WechatCall> {
  sandbox.sandbox.wxLogin('alice', app.appId);
  const openid = sandbox.sandbox.createUser({ id: 'alice' }).openids[app.appId]!;
  return {
    api: 'getuserriskrank',
    appId: app.appId,
    path: '/wxa/getuserriskrank',
    query: { access_token: await accessToken(app) },
    body: { appid: app.appId, openid, scene: 0, client_ip: '127.0.0.1' },
  };
}

const askRisk = async (name: Name): Promise<WechatAnswer> => http.send(await riskCall(appOf(name)));

/** Code and reason of the refusal; the answer itself if there was none. */
async function refusalOf(answer: Promise<WechatAnswer>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    const { code, context } = error as { code: string; context: { reason: string } };
    return [code, context.reason];
  }
}

describe('an app with API security', () => {
  it('asks for a phone number under a seal, and opens the answer', async () => {
    const { appId } = appOf('good');
    const { code } = sandbox.sandbox.phones.pressPhoneButton('alice', { appId });
    const answer = await http.send({
      api: 'getuserphonenumber',
      appId,
      path: '/wxa/business/getuserphonenumber',
      query: { access_token: await accessToken(appOf('good')) },
      body: { code },
      oneTime: true,
    });
    expect(answer).toMatchObject({ errcode: 0, fields: { phone_info: { watermark: { appid: appId } } } });
    expect(Object.keys(answer.fields).filter((field) => field.startsWith('_'))).toEqual([]);
  });

  it('asks for the risk of a user and checks a text under a seal', async () => {
    expect(await askRisk('good')).toMatchObject({ errcode: 0, fields: { risk_rank: expect.any(Number) } });
    const call = await riskCall(appOf('good'));
    const { openid } = call.body as { openid: string };
    const body = { content: '你好，世界', version: 2, scene: 1, openid };
    expect(await http.send({ ...call, api: 'msg_sec_check', path: '/wxa/msg_sec_check', body })).toMatchObject({
      errcode: 0,
      fields: { result: expect.objectContaining({ suggest: 'pass' }) },
    });
  });

  it('hears a refusal that is sealed, and one that is not', async () => {
    const call = await riskCall(appOf('good'));
    expect(await http.send({ ...call, body: { ...call.body, openid: 'nobody' } })).toMatchObject({ errcode: 40003 });
    const unknown = { ...call, query: { access_token: 'of-nobody' } };
    expect(await http.send(unknown)).toMatchObject({ errcode: 40014 });
  });

  it('sends its other calls in the clear', async () => {
    const { appId, secret } = appOf('good');
    const body = { grant_type: 'client_credential', appid: appId, secret };
    const token = { api: 'stable_token', appId, path: '/cgi-bin/stable_token', query: {}, body } as const;
    expect(await http.send(token)).toMatchObject({ errcode: 0, fields: { expires_in: expect.any(Number) } });
  });

  it('is refused by WeChat where it does not seal, as an app without keys is not', async () => {
    for (const [app, errcode] of [
      [appOf('good'), 40231],
      [CLEAR, 0],
    ] as const) {
      const { query, path, body } = await riskCall(app);
      const response = await fetch(`${sandbox.url}${path}?${new URLSearchParams(query).toString()}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect(await response.json()).toMatchObject({ errcode });
    }
    expect(await http.send(await riskCall(CLEAR))).toMatchObject({ errcode: 0 });
  });
});

describe('an answer that is not what WeChat gave to this call', () => {
  const wrong = 'the signature is wrong';
  const undecipherable = 'the answer cannot be decrypted; compare symmetricKey and symmetricSn';

  it.each<[Forgery, string, string]>([
    ['body', 'WECHAT_UNAVAILABLE', wrong],
    ['signature', 'WECHAT_UNAVAILABLE', wrong],
    ['timestamp', 'WECHAT_UNAVAILABLE', wrong],
    ['url', 'WECHAT_UNAVAILABLE', wrong],
    ['unsigned', 'WECHAT_UNAVAILABLE', 'the answer is not signed'],
    ['clear', 'WECHAT_UNAVAILABLE', 'the answer is not sealed'],
    ['appid', 'WECHAT_UNAVAILABLE', 'the answer is for another app'],
    ['sealed-appid', 'WECHAT_UNAVAILABLE', 'the sealed appid is another one'],
    ['sealed-timestamp', 'WECHAT_UNAVAILABLE', 'the sealed timestamp is another one'],
    ['serial', 'WECHAT_MISCONFIGURED', 'the answer is signed with a certificate that is not configured'],
    ['tag', 'WECHAT_MISCONFIGURED', undecipherable],
    ['key', 'WECHAT_MISCONFIGURED', undecipherable],
  ])('is refused: %s', async (forgery, code, reason) => {
    await forge('forged', forgery);
    expect(await refusalOf(askRisk('forged'))).toEqual([code, reason]);
    // The same call, without the forger.
    expect(await askRisk('forged')).toMatchObject({ errcode: 0 });
  });

  it.each<Forgery>(['late', 'early'])('is refused: %s by more than 300 s', async (forgery) => {
    await forge('forged', forgery);
    expect(await refusalOf(askRisk('forged'))).toEqual([
      'WECHAT_UNAVAILABLE',
      expect.stringMatching(/^the answer is 3[0-4]\d s away from this clock$/),
    ]);
  });

  it('is refused: one that was given before', async () => {
    expect(await askRisk('forged')).toMatchObject({ errcode: 0 });
    await forge('forged', 'replay');
    expect(await refusalOf(askRisk('forged'))).toEqual(['WECHAT_UNAVAILABLE', 'the answer was given before']);
  });

  it('does not open the circuit breaker, however often it comes', async () => {
    for (let count = 0; count < 12; count += 1) {
      await forge('forged', 'signature');
      expect(await refusalOf(askRisk('forged'))).toEqual(['WECHAT_UNAVAILABLE', wrong]);
    }
    expect(await askRisk('forged')).toMatchObject({ errcode: 0 });
  });
});

describe('a sealed request', () => {
  it('that is too large is not read to its end', async () => {
    const response = await fetch(`${sandbox.url}/wxa/getuserriskrank`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'wechatmp-signature': 's' },
      body: JSON.stringify({ data: 'x'.repeat(65 * 1024) }),
    });
    expect(response.status).toBe(413);
  });
});

describe("WeChat's change of its certificate", () => {
  it('is bridged by the signature of the old one, and ends with it', async () => {
    expect(await askRisk('rotating')).toMatchObject({ errcode: 0 });
    await control('POST', 'wxrotating/rotation');
    expect(await askRisk('rotating')).toMatchObject({ errcode: 0 });
    await control('DELETE', 'wxrotating/rotation');
    expect(await refusalOf(askRisk('rotating'))).toEqual([
      'WECHAT_MISCONFIGURED',
      'the answer is signed with a certificate that is not configured',
    ]);
  });

  it('is not noticed by who has both certificates', async () => {
    expect(await askRisk('replaced')).toMatchObject({ errcode: 0 });
    await control('DELETE', 'wxreplaced/rotation');
    expect(await askRisk('replaced')).toMatchObject({ errcode: 0 });
  });
});

describe('settings that WeChat does not share', () => {
  it('other keys than this server has: WeChat refuses the signature', async () => {
    await control('POST', appOf('unset').appId);
    expect(await askRisk('unset')).toMatchObject({ errcode: 40234 });
  });

  // The last one of the sandbox: its clock does not go back.
  it('another clock: WeChat refuses the request', async () => {
    sandbox.sandbox.advance(301);
    expect(await askRisk('skewed')).toMatchObject({ errcode: 40240 });
  });
});

describe('whoever reads along', () => {
  let wire: SmallUpstream;
  afterEach(() => wire.close());

  it('sees nothing of the request but the app and the time', async () => {
    const bodies: string[] = [];
    wire = await startSmallUpstream((request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
      request.on('end', () => response.end('{"errcode":-1}'));
    });
    const watched = await startTestApp({
      WECHAT_APPS: JSON.stringify([{ ...appOf('good'), apiSecurity: keys.get('wxgood') }]),
      WECHAT_API_BASE_URL: wire.url,
    });
    try {
      const call = await riskCall(appOf('good'));
      await watched.app.get(WechatHttp, { strict: false }).send(call);
      expect(Object.keys(JSON.parse(bodies.join('')) as object)).toEqual(['iv', 'data', 'authtag']);
      expect(bodies.join('')).not.toContain((call.body as { openid: string }).openid);
      expect(wire.requests).toEqual([`POST /wxa/getuserriskrank?access_token=${call.query['access_token']}`]);
    } finally {
      await watched.close();
    }
  });
});
