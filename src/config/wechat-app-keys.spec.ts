import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { parseWechatApps } from './parse-wechat-apps.js';

// In every value below that must not be printed.
const VALUE = 'CANARY5e6d';

const SPKI = { type: 'spki', format: 'pem' } as const;
const PKCS8 = { type: 'pkcs8', format: 'pem' } as const;
const rsa = (modulusLength = 2048) =>
  generateKeyPairSync('rsa', { modulusLength, publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8 });
const { privateKey, publicKey } = rsa();
const SHORT = rsa(1024);
// The point of a throw-away SM2 key, made with OpenSSL.
const SM2_PUBLIC_KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAEa16mWtVlc7aIgscIQ4+nTX8MOWGX
LGHt8dBDth6YRAcGNCCnVYRBhEe6VslmbF7lmVVQL4AUOVVFwqBt91OU8A==
-----END PUBLIC KEY-----
`;

const KEYS = {
  symmetricSn: 'fa05fe1e5bcc79b81ad5ad4b58acf787',
  symmetricKey: randomBytes(32).toString('base64'),
  privateKey,
  certificates: [{ serial: '79ba700ea147819f640941bceb38b1d1', publicKey }],
};
const PLATFORM = { appId: 'wxplatform', tokenUrl: 'http://platform.internal/token', tokenSecret: `${VALUE}-of-length` };

function problemsOf(...apps: Record<string, unknown>[]): string[] {
  const problems: string[] = [];
  parseWechatApps(JSON.stringify(apps), problems);
  expect(problems.join()).not.toContain(VALUE);
  return problems;
}

const withKeys = (changes: Record<string, unknown>) =>
  problemsOf({ appId: 'wx1', secret: 's', apiSecurity: { ...KEYS, ...changes } });
const withCertificate = (certificate: unknown) => withKeys({ certificates: [certificate] });
const withComponent = (component: unknown) => problemsOf({ appId: 'wx1', component });

describe('apiSecurity', () => {
  const where = 'WECHAT_APPS[0].apiSecurity';

  it('holds the keys as the console of WeChat shows them', () => {
    expect(withKeys({})).toEqual([]);
    expect(withKeys({ certificates: [...KEYS.certificates, { serial: 'next', publicKey }] })).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['no symmetricSn', { symmetricSn: undefined }, `${where}.symmetricSn: `],
    ['a symmetricSn with a bar', { symmetricSn: `${VALUE}|` }, `${where}.symmetricSn: `],
    ['a symmetricKey that is a number', { symmetricKey: 1 }, `${where}.symmetricKey: `],
    ['a symmetricKey of 31 bytes', { symmetricKey: randomBytes(31).toString('base64') }, `${where}.symmetricKey: `],
    ['a symmetricKey in hexadecimal', { symmetricKey: randomBytes(32).toString('hex') }, `${where}.symmetricKey: `],
    ['no privateKey', { privateKey: undefined }, `${where}.privateKey: must be PEM`],
    ['a privateKey that is no PEM', { privateKey: VALUE }, `${where}.privateKey: must be PEM`],
    ['a damaged privateKey', { privateKey: `-----BEGIN ${VALUE}` }, `${where}.privateKey: cannot be read`],
    ['a public key for the private one', { privateKey: publicKey }, `${where}.privateKey: cannot be read`],
    ['a privateKey of 1024 bits', { privateKey: SHORT.privateKey }, `${where}.privateKey: must have at least 2048`],
    ['no certificates', { certificates: undefined }, `${where}.certificates: `],
    ['an empty list of certificates', { certificates: [] }, `${where}.certificates: `],
    ['a serial twice', { certificates: [...KEYS.certificates, ...KEYS.certificates] }, `${where}.certificates: `],
    ['a field nobody knows', { serial: VALUE }, `${where}: has a field other than `],
  ])('with %s is refused', (_what, changes, problem) => {
    expect(withKeys(changes)).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[string, unknown, string]>([
    ['text', VALUE, `${where}.certificates[0]: must be an object`],
    ['no serial', { publicKey }, `${where}.certificates[0].serial: `],
    ['no key', { serial: 's' }, `${where}.certificates[0]: must have either`],
    ['two keys', { serial: 's', publicKey, certificate: publicKey }, `${where}.certificates[0]: must have either`],
    ['a private key', { serial: 's', publicKey: privateKey }, `${where}.certificates[0].publicKey: cannot be read`],
    ['1024 bits', { serial: 's', publicKey: SHORT.publicKey }, `${where}.certificates[0].publicKey: must have`],
  ])('with a certificate that is %s is refused', (_what, certificate, problem) => {
    expect(withCertificate(certificate)).toEqual([expect.stringContaining(problem)]);
  });

  it('names SM4 and SM2 as what is not supported', () => {
    expect(withKeys({ symmetricKey: randomBytes(16).toString('base64') })).toEqual([
      `${where}.symmetricKey: must be 32 bytes in base64; SM4 is not supported, choose AES256_GCM in the console of WeChat`,
    ]);
    const sm2 = 'must be of RSA; SM2 is not supported, choose RSAwithSHA256 in the console of WeChat';
    expect(withKeys({ privateKey: ec.privateKey })).toEqual([`${where}.privateKey: ${sm2}`]);
    expect(withCertificate({ serial: 's', publicKey: SM2_PUBLIC_KEY })).toEqual([
      `${where}.certificates[0].publicKey: ${sm2}`,
    ]);
  });

  it('is for apps with a secret', () => {
    expect(problemsOf({ appId: 'wx1', component: PLATFORM, apiSecurity: KEYS })).toEqual([
      expect.stringMatching(/^WECHAT_APPS\[0\]\.apiSecurity: needs/),
    ]);
  });
});

describe('component', () => {
  const where = 'WECHAT_APPS[0].component';

  it('takes the place of a secret', () => {
    expect(withComponent(PLATFORM)).toEqual([]);
    expect(withComponent({ appId: 'wxplatform', accessToken: 'a-token' })).toEqual([]);
    expect(problemsOf({ appId: 'wx1', secret: 's', component: PLATFORM })).toEqual([
      expect.stringMatching(/^WECHAT_APPS\[0\]: has both secret and component/),
    ]);
    expect(problemsOf({ appId: 'wx1' })).toEqual([expect.stringMatching(/^WECHAT_APPS\[0\]\.secret: /)]);
  });

  it.each<[string, unknown, string]>([
    ['null', null, `${where}: must be an object`],
    ['no appId', { ...PLATFORM, appId: undefined }, `${where}.appId: `],
    ['no token', { appId: 'wxplatform' }, `${where}: must have either tokenUrl or accessToken`],
    ['both kinds of token', { ...PLATFORM, accessToken: VALUE }, `${where}: must have either`],
    ['a tokenUrl without a secret', { ...PLATFORM, tokenSecret: undefined }, `${where}: tokenUrl and tokenSecret go`],
    ['a secret without a tokenUrl', { appId: 'p', accessToken: 't', tokenSecret: PLATFORM.tokenSecret }, `${where}: `],
    ['a short tokenSecret', { ...PLATFORM, tokenSecret: VALUE }, `${where}.tokenSecret: `],
    ['a tokenUrl of FTP', { ...PLATFORM, tokenUrl: `ftp://${VALUE}/` }, `${where}.tokenUrl: `],
    ['a password in its tokenUrl', { ...PLATFORM, tokenUrl: `http://u:${VALUE}@h/` }, `${where}.tokenUrl: `],
    ['a field nobody knows', { ...PLATFORM, appSecret: VALUE }, `${where}: has a field other than `],
  ])('with %s is refused', (_what, component, problem) => {
    expect(withComponent(component)).toEqual([expect.stringContaining(problem)]);
  });

  it('says the same of a platform wherever it is named', () => {
    const reordered = Object.fromEntries(Object.entries(PLATFORM).toReversed());
    const [one, two] = [
      { appId: 'wx1', component: PLATFORM },
      { appId: 'wx2', component: reordered },
    ];
    expect(problemsOf(one, two)).toEqual([]);
    expect(problemsOf(one, { ...two, component: { ...PLATFORM, tokenUrl: 'http://elsewhere.internal/' } })).toEqual([
      expect.stringMatching(/^WECHAT_APPS\[1\]\.component: differs/),
    ]);
  });
});
