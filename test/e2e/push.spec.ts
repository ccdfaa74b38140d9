import { readFileSync } from 'node:fs';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { openidOf } from '../../src/sandbox/sandbox-users.js';
import { expectProblem } from '../support/problems.js';
import { APP_ONE, APP_TWO, aboutData, deliver, nextSecond, outcomes, push, signed } from '../support/pushes.js';
import { TestServer, type Answer } from '../support/test-server.js';

const VECTORS = JSON.parse(
  readFileSync(new URL('../vectors/wechat-push.json', import.meta.url), 'utf8'),
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a document of many shapes
) as Record<string, any>;
const { official_push_url_verify: URL_CHECK, official_push_plain_mode: PLAIN } = VECTORS;
const SECURE = VECTORS['official_push_secure_mode_decrypt'];

const OFFICIAL_APP = {
  appId: SECURE.appid,
  secret: 'a-secret-of-enough-characters',
  pushToken: SECURE.token,
  pushAesKey: SECURE.encodingAESKey,
};
const PLAIN_ONLY = {
  appId: 'wxplainonly00000001',
  secret: 'a-secret-of-enough-characters',
  pushToken: 'plainOnlyToken',
};
const SILENT = { appId: 'wxsilent00000000001', secret: 'a-secret-of-enough-characters' };

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ WECHAT_APPS: JSON.stringify([...SANDBOX_APPS, OFFICIAL_APP, PLAIN_ONLY, SILENT]) });
});
afterAll(() => server.close());
beforeEach(() => server.sql('delete from push_events'));

const query = (parameters: Record<string, string>): string => new URLSearchParams(parameters).toString();

function expectSuccess(answer: Answer): void {
  expect([answer.status, answer.body]).toEqual([200, 'success']);
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
}

describe('the check of the push URL', () => {
  const { timestamp, nonce, echostr, signature } = URL_CHECK;

  it('is answered with the echostr, as in the official example', async () => {
    const answer = await server.get(
      `/v1/wechat/push/${SECURE.appid}?${query({ signature, timestamp, nonce, echostr })}`,
    );
    expect([answer.status, answer.body]).toEqual([200, URL_CHECK.response]);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each<[string, Record<string, string>]>([
    ['with another signature', { signature: signature.replace('f', 'e'), timestamp, nonce, echostr }],
    ['with half a signature', { signature: signature.slice(0, 20), timestamp, nonce, echostr }],
    ['with another nonce', { signature, timestamp, nonce: `${nonce}1`, echostr }],
    ['without a signature', { timestamp, nonce, echostr }],
    ['without a timestamp', { signature, nonce, echostr }],
    ['without anything', {}],
  ])('is refused %s', async (_what, parameters) => {
    expectProblem(await server.get(`/v1/wechat/push/${SECURE.appid}?${query(parameters)}`), 'FORBIDDEN');
  });

  it('is refused when a parameter is sent twice', async () => {
    const path = `/v1/wechat/push/${SECURE.appid}?${query({ signature, timestamp, nonce, echostr })}`;
    expectProblem(await server.get(`${path}&nonce=${nonce}`), 'FORBIDDEN');
    expectProblem(await server.get(`${path}&echostr=1`), 'VALIDATION_FAILED');
  });

  it('tells an unknown app from one that no push is expected for', async () => {
    const parameters = query({ signature, timestamp, nonce, echostr });
    expectProblem(await server.get(`/v1/wechat/push/wx0000000000000000?${parameters}`), 'WECHAT_APP_UNKNOWN');
    expectProblem(await server.get(`/v1/wechat/push/${SILENT.appId}?${parameters}`), 'FORBIDDEN');
  });
});

describe('a push', () => {
  it('of the official examples is answered with success, in plain and in secure mode', async () => {
    const { timestamp, nonce, signature, body } = PLAIN;
    const plain = `/v1/wechat/push/${SECURE.appid}?${query({ timestamp, nonce, signature })}`;
    expectSuccess(await server.post(plain, body));
    const { msg_signature, openid, signature_do_not_use } = SECURE;
    const parameters = { signature: signature_do_not_use, msg_signature, openid, encrypt_type: 'aes' };
    const secure = query({ ...parameters, timestamp: SECURE.timestamp, nonce: SECURE.nonce });
    expectSuccess(await server.post(`/v1/wechat/push/${SECURE.appid}?${secure}`, SECURE.body));
    expect(await outcomes(server)).toEqual(['debug_demo: unknown', 'debug_demo: unknown']);
  });

  it.each(['text/xml', 'application/xml', 'application/json', 'text/plain; charset=utf-8', null])(
    'is read in both formats and modes when it is labelled %s',
    async (label) => {
      for (const format of ['json', 'xml'] as const) {
        for (const secure of [true, false]) {
          const { body, query: parameters } = signed(aboutData('user_info_modified', 'alice'), { format, secure });
          const answer = await server.request('POST', `/v1/wechat/push/${APP_ONE.appId}?${query({ ...parameters })}`, {
            // Bytes get no label of their own accord.
            rawBody: Buffer.from(body),
            headers: label ? { 'content-type': label } : {},
          });
          expectSuccess(answer);
        }
      }
      expect(await outcomes(server)).toEqual(Array.from({ length: 4 }, () => 'user_info_modified: recorded'));
    },
  );

  it.each<[string, (sent: ReturnType<typeof signed>) => ReturnType<typeof signed>]>([
    ['another msg_signature', (sent) => ({ ...sent, query: { ...sent.query, msg_signature: '0'.repeat(40) } })],
    [
      'an upper-case signature',
      (sent) => ({ ...sent, query: { ...sent.query, msg_signature: sent.query['msg_signature']!.toUpperCase() } }),
    ],
    ['an empty msg_signature', (sent) => ({ ...sent, query: { ...sent.query, msg_signature: '' } })],
    [
      'the plain signature only covering no body',
      (sent) => ({ ...sent, query: { ...sent.query, msg_signature: sent.query['signature']! } }),
    ],
    [
      'another body under the same signature',
      (sent) => ({ ...sent, body: signed(aboutData('user_info_modified', 'eve')).body }),
    ],
  ])('with %s is refused and leaves nothing', async (_what, change) => {
    expectProblem(await deliver(server, change(signed(aboutData('user_info_modified', 'alice')))), 'FORBIDDEN');
    expect(await outcomes(server)).toEqual([]);
  });

  it('for another app is refused, signed with the right token or not', async () => {
    const forTwo = signed(aboutData('user_info_modified', 'alice', APP_TWO), { app: APP_TWO });
    expectProblem(await deliver(server, forTwo, APP_ONE.appId), 'FORBIDDEN');
    const wrongAppid = signed(aboutData('user_info_modified', 'alice'), { appId: APP_TWO.appId });
    expectProblem(await deliver(server, wrongAppid), 'VALIDATION_FAILED');
    const wrongField = signed(aboutData('user_info_modified', 'alice', APP_ONE, { AppID: APP_TWO.appId }));
    expectProblem(await deliver(server, wrongField), 'VALIDATION_FAILED');
    expectProblem(await deliver(server, forTwo, 'wx0000000000000000'), 'WECHAT_APP_UNKNOWN');
    expectProblem(await deliver(server, forTwo, SILENT.appId), 'FORBIDDEN');
  });

  it('whose body is damaged, too large or missing is refused', async () => {
    const sent = signed(aboutData('user_info_modified', 'alice'));
    expectProblem(await deliver(server, { ...sent, body: sent.body.slice(0, -3) }), 'VALIDATION_FAILED');
    expectProblem(await deliver(server, { ...sent, body: '{}' }), 'VALIDATION_FAILED');
    expectProblem(await deliver(server, { ...sent, body: 'x'.repeat(65 * 1024) }), 'PAYLOAD_TOO_LARGE');
    const path = `/v1/wechat/push/${APP_ONE.appId}?${query({ ...sent.query })}`;
    expectProblem(await server.request('POST', path), 'VALIDATION_FAILED');
  });

  it('without a time, without a name or with an openid that is none is refused', async () => {
    for (const fields of [{ CreateTime: '' }, { CreateTime: -1 }, { Event: '', MsgType: '' }, { OpenID: 'a b' }]) {
      const message = aboutData('user_info_modified', 'alice', APP_ONE, fields);
      expectProblem(await push(server, message), 'VALIDATION_FAILED');
    }
    expect(await outcomes(server)).toEqual([]);
  });

  it('of any age is taken', async () => {
    expectSuccess(
      await push(server, aboutData('user_info_modified', 'alice', APP_ONE, { CreateTime: 1_400_000_000 }), {
        timestamp: 1_400_000_000,
      }),
    );
  });

  it('that nobody knows is taken, remembered and audited', async () => {
    expectSuccess(await push(server, aboutData('wxa_nickname_audit', 'alice')));
    expectSuccess(
      await push(server, {
        FromUserName: 'oPerson',
        CreateTime: nextSecond(),
        MsgType: 'text',
        Content: 'hi',
        MsgId: 1,
      }),
    );
    expect(await outcomes(server)).toEqual(['wxa_nickname_audit: unknown', 'text: unknown']);
    const audited = await server.sql(
      `select reason from audit_events where event = 'wechat_push_unknown' order by at, id`,
    );
    expect(audited.slice(-2)).toEqual([{ reason: 'wxa_nickname_audit' }, { reason: 'text' }]);
  });

  it('that repeats is remembered once; one with another message, time, person or withdrawal is another', async () => {
    const time = nextSecond();
    const message = aboutData('user_info_modified', 'alice', APP_ONE, { CreateTime: time });
    for (const one of [message, message, { ...message, CreateTime: nextSecond() }, { ...message, RevokeInfo: '8' }]) {
      expectSuccess(await push(server, one));
    }
    expectSuccess(await push(server, { ...message, OpenID: openidOf(APP_ONE.appId, 'bob') }));
    expectSuccess(await push(server, message, { format: 'xml' }));
    expect(await outcomes(server)).toHaveLength(4);
  });
});

describe('the server', () => {
  it('warns at its start of every app whose pushes cannot oblige it', () => {
    const warnings = server.logs.filter((line) => line.includes('pushAesKey is not set'));
    expect(warnings.map((line) => (JSON.parse(line) as { appId: string }).appId)).toEqual([PLAIN_ONLY.appId]);
  });

  it('says what is missing when an encrypted push comes for such an app, and logs nothing of it', async () => {
    const app = { ...PLAIN_ONLY, pushAesKey: APP_ONE.pushAesKey! };
    const sent = signed(aboutData('user_info_modified', 'alice', app), { app });
    expectProblem(await deliver(server, sent, app.appId), 'VALIDATION_FAILED');
    expect(server.logs.join('\n')).not.toContain(openidOf(app.appId, 'alice'));
  });

  it('takes texts as they are only where WeChat pushes', async () => {
    const xml = { rawBody: '<xml></xml>', headers: { 'content-type': 'text/xml' } };
    expectProblem(await server.request('POST', '/v1/auth/wechat/login', xml), 'VALIDATION_FAILED');
    expectProblem(await server.request('POST', '/v1/wechat/nothing', xml), 'NOT_FOUND');
  });
});
