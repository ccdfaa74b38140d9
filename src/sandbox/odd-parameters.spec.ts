import { Sandbox } from './sandbox.js';
import { SANDBOX_APIS } from './wechat-answer.js';

const APP = { appId: 'wx1', secret: 'secret-one' };

// Whatever JSON or a query can hold where a text or a number is expected.
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  '',
  'x',
  '__proto__',
  [],
  ['a', 'b'],
  {},
  { toString: 1 },
  'a'.repeat(100_000),
];

// Every parameter of every call. Nothing odd in one of them may be more than a refusal.
const PARAMETERS = [
  ...['js_code', 'grant_type', 'force_refresh', 'openid', 'signature', 'sig_method', 'post_data', 'code'],
  ...['encrypted_msg_hash', 'scene', 'client_ip', 'content', 'version', 'nickname', 'title'],
];

describe.each(SANDBOX_APIS)('%s', (api) => {
  const sandbox = new Sandbox([APP]);
  sandbox.wxLogin('alice');
  const { answer: token } = sandbox.call('token', {
    appid: 'wx1',
    secret: 'secret-one',
    grant_type: 'client_credential',
  });
  const proof = { appid: 'wx1', secret: 'secret-one', access_token: token['access_token'] };

  it('answers parameters of any kind with an errcode', () => {
    for (const odd of ODD) {
      const all = Object.fromEntries(PARAMETERS.map((name) => [name, odd]));
      for (const parameters of [
        all,
        { ...proof, ...all },
        { ...proof, appid: odd },
        { access_token: odd, secret: odd },
      ]) {
        expect(sandbox.call(api, parameters).answer.errcode).toEqual(expect.any(Number));
        expect(sandbox.call(api, parameters).answer.errcode).not.toBe(0);
      }
    }
  });

  it('writes nothing of them to the log', () => {
    const appIds = new Set(sandbox.calls(api).map(({ appId }) => appId));
    expect([...appIds].filter((appId) => appId !== null && appId !== 'wx1')).toEqual([]);
  });
});
