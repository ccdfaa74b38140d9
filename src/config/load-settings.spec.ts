import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from './configuration-error.js';
import { SECRET_VARIABLES } from './environment.js';
import { WECHAT_API, loadDatabaseSettings, loadSettings } from './load-settings.js';
import { PRINTED_SECRETS, SANDBOX_APPS } from './sandbox-apps.js';
import type { Settings } from './settings.js';

// In every value below that must not be printed.
const VALUE = 'CANARY5e6d';

const key = () => randomBytes(32).toString('base64');
const apps = (changes: Record<string, unknown> = {}) =>
  JSON.stringify([{ appId: 'wx0123456789abcdef', secret: 'a-secret-of-enough-characters', ...changes }]);

/** Everything that production asks for. */
const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://passport:password@db.internal:5432/passport',
  MASTER_KEYS: `k1:${key()}`,
  WECHAT_APPS: apps(),
  PUBLIC_URL: 'https://passport.example.com',
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wechat-passport-config-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const load = (variables: NodeJS.ProcessEnv = {}): Settings => loadSettings(variables, { dataDirectory: directory });

function problemsOf(variables: NodeJS.ProcessEnv): readonly string[] {
  try {
    load(variables);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).not.toContain(VALUE);
    return (error as ConfigurationError).problems;
  }
  return [];
}

function file(content: string): string {
  const path = join(directory, `secret-${randomBytes(4).toString('hex')}`);
  writeFileSync(path, content);
  return path;
}

describe('the configuration', () => {
  it('needs nothing in development', () => {
    expect(load()).toMatchObject({
      server: {
        production: false,
        host: '127.0.0.1',
        port: 3000,
        publicUrl: 'http://127.0.0.1:3000',
        trustProxyHops: 0,
        docs: true,
        logLevel: 'info',
        metricsToken: null,
        responseEnvelope: false,
      },
      database: { url: null, directUrl: null, directory: join(directory, 'database'), prepared: true },
      wechat: { apps: SANDBOX_APPS, apiBaseUrl: 'http://127.0.0.1:3000', timeoutMs: 3000, userDataMaxAgeSeconds: 300 },
      sandbox: { enabled: true, controlToken: null },
      tokens: {
        issuer: 'http://127.0.0.1:3000',
        audience: 'http://127.0.0.1:3000',
        accessTtlSeconds: 7200,
        refreshIdleTtlSeconds: 30 * 86_400,
        refreshAbsoluteTtlSeconds: 180 * 86_400,
        carriers: ['bearer'],
      },
    });
  });

  it('is safe by default in production', () => {
    expect(load(PRODUCTION)).toMatchObject({
      server: { production: true, host: '0.0.0.0', docs: false, publicUrl: 'https://passport.example.com' },
      database: { url: PRODUCTION.DATABASE_URL, directUrl: PRODUCTION.DATABASE_URL },
      wechat: { apiBaseUrl: WECHAT_API, apps: [{ appId: 'wx0123456789abcdef' }] },
      sandbox: { enabled: false },
      tokens: { issuer: 'https://passport.example.com', audience: 'https://passport.example.com' },
    });
    // Nothing was made for development on the way.
    expect(readdirSync(directory)).toEqual([]);
  });

  it('takes an empty variable for an absent one', () => {
    const names = ['PORT', 'HOST', 'WECHAT_SANDBOX', 'WECHAT_APPS', 'DATABASE_URL', 'METRICS_TOKEN', 'LOG_LEVEL'];
    const empty = Object.fromEntries(names.map((name) => [name, '']));
    expect(load(empty)).toEqual(load());
  });

  it('reads what it is told', () => {
    const settings = load({
      ...PRODUCTION,
      PORT: '8080',
      HOST: '10.0.0.1',
      PUBLIC_URL: 'https://passport.example.com/',
      TRUST_PROXY: '2',
      DOCS: 'on',
      LOG_LEVEL: 'debug',
      METRICS_TOKEN: 'sixteen-characters-and-more',
      DATABASE_DIRECT_URL: 'postgres://passport@direct.internal/passport',
      DATABASE_POOL_SIZE: '30',
      DATABASE_PREPARED: 'off',
      WECHAT_API_BASE_URL: 'http://10.1.2.3:8081/wechat/',
      WECHAT_TIMEOUT_MS: '1500',
      ACCESS_TOKEN_TTL_SECONDS: '600',
      REFRESH_IDLE_TTL_SECONDS: '3600',
      REFRESH_ABSOLUTE_TTL_SECONDS: '7200',
      TOKEN_ISSUER: 'urn:passport',
      TOKEN_AUDIENCE: 'urn:shop',
      TOKEN_CARRIERS: 'bearer, sid,cookie,sid',
      RESPONSE_ENVELOPE: 'true',
    });
    expect(settings).toMatchObject({
      server: {
        port: 8080,
        host: '10.0.0.1',
        publicUrl: 'https://passport.example.com',
        trustProxyHops: 2,
        docs: true,
        logLevel: 'debug',
        metricsToken: 'sixteen-characters-and-more',
        responseEnvelope: true,
      },
      database: { directUrl: 'postgres://passport@direct.internal/passport', poolSize: 30, prepared: false },
      wechat: { apiBaseUrl: 'http://10.1.2.3:8081/wechat', timeoutMs: 1500 },
      tokens: {
        issuer: 'urn:passport',
        audience: 'urn:shop',
        accessTtlSeconds: 600,
        refreshIdleTtlSeconds: 3600,
        refreshAbsoluteTtlSeconds: 7200,
        carriers: ['bearer', 'sid', 'cookie'],
      },
    });
  });

  it.each([
    ['0.0.0.0', 'http://127.0.0.1:3000'],
    ['::', 'http://127.0.0.1:3000'],
    ['::1', 'http://[::1]:3000'],
    ['localhost', 'http://localhost:3000'],
  ])('on host %s is reached at %s', (host, publicUrl) => {
    expect(load({ HOST: host, WECHAT_APPS: apps() }).server.publicUrl).toBe(publicUrl);
  });

  it('cannot be changed afterwards, in any depth', () => {
    const settings = load({ ...PRODUCTION, OAUTH_CLIENTS: oauthClients() });
    expect(notFrozen(settings, 'settings')).toEqual([]);
    expect(notFrozen(load(), 'settings')).toEqual([]);
    expect(() => ((settings.server as { port: number }).port = 1)).toThrow(TypeError);
    expect(() => (settings.wechat.apps as unknown[]).push({})).toThrow('not extensible');
  });
});

describe('a bad configuration', () => {
  it.each<[string, string]>([
    ['NODE_ENV', VALUE],
    ['PORT', VALUE],
    ['PORT', '-1'],
    ['PORT', '65536'],
    ['PORT', '3000.5'],
    ['PORT', '3000 '],
    ['PORT', '0x10'],
    ['PORT', '1e3'],
    ['HOST', `${VALUE} x`],
    ['PUBLIC_URL', VALUE],
    ['PUBLIC_URL', `ftp://${VALUE}`],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '-1'],
    ['DATABASE_URL', `mysql://${VALUE}`],
    ['DATABASE_DIRECT_URL', VALUE],
    ['DATABASE_POOL_SIZE', '0'],
    ['DATABASE_PREPARED', VALUE],
    ['WECHAT_API_BASE_URL', VALUE],
    ['WECHAT_TIMEOUT_MS', '0'],
    ['WECHAT_TIMEOUT_MS', VALUE],
    ['WECHAT_SANDBOX', VALUE],
    ['SANDBOX_CONTROL_TOKEN', 'CANARY5e6d'.slice(0, 15)],
    ['REGISTRATION', VALUE],
    ['ACCESS_TOKEN_TTL_SECONDS', '59'],
    ['ACCESS_TOKEN_TTL_SECONDS', VALUE],
    ['REFRESH_IDLE_TTL_SECONDS', '299'],
    ['REFRESH_ABSOLUTE_TTL_SECONDS', VALUE],
    ['TOKEN_ISSUER', `${VALUE} x`],
    ['TOKEN_AUDIENCE', 'x'.repeat(256)],
    ['METRICS_TOKEN', VALUE],
    ['TOKEN_CARRIERS', VALUE],
    ['TOKEN_CARRIERS', `bearer,${VALUE}`],
    ['TOKEN_CARRIERS', 'Bearer'],
    ['TOKEN_CARRIERS', 'bearer,'],
    ['RESPONSE_ENVELOPE', VALUE],
    ['DOCS', VALUE],
    ['LOG_LEVEL', VALUE],
    ['MASTER_KEYS', VALUE],
    ['WECHAT_APPS', VALUE],
    ['OAUTH_CLIENTS', VALUE],
  ])('%s=%j is a problem of that variable', (name, value) => {
    // Others may follow from it.
    expect(problemsOf({ [name]: value })[0]).toMatch(new RegExp(`^${name}: \\S`));
  });

  it('is reported in one list', () => {
    const variables = {
      NODE_ENV: 'production',
      PORT: VALUE,
      LOG_LEVEL: VALUE,
      WECHAT_TIMEOUT_MS: VALUE,
      MASTER_KEYS: VALUE,
      WECHAT_APPS: JSON.stringify([{ appId: '', secret: 7, colour: VALUE }]),
      WECHAT_SANDBOX: 'true',
      METRICS_TOKEN: 'short',
    };
    const names = problemsOf(variables).map((problem) => problem.split(':')[0]);
    expect(names).toEqual(
      expect.arrayContaining([
        'PORT',
        'LOG_LEVEL',
        'WECHAT_TIMEOUT_MS',
        'MASTER_KEYS',
        'WECHAT_APPS[0].appId',
        'WECHAT_APPS[0].secret',
        'WECHAT_APPS[0]',
        'WECHAT_SANDBOX',
        'METRICS_TOKEN',
        'DATABASE_URL',
        'PUBLIC_URL',
      ]),
    );
    let message = '';
    try {
      load(variables);
    } catch (error) {
      ({ message } = error as Error);
    }
    for (const name of names) expect(message).toContain(name);
  });

  it.each([
    [{ ACCESS_TOKEN_TTL_SECONDS: '7200', REFRESH_IDLE_TTL_SECONDS: '3600' }, 'ACCESS_TOKEN_TTL_SECONDS'],
    [{ REFRESH_IDLE_TTL_SECONDS: '86400', REFRESH_ABSOLUTE_TTL_SECONDS: '8000' }, 'REFRESH_IDLE_TTL_SECONDS'],
  ])('%j: a shorter thing may not outlive a longer one', (variables, name) => {
    expect(problemsOf(variables)).toEqual([expect.stringContaining(`${name}: must not exceed`)]);
  });
});

describe('production', () => {
  it.each(['DATABASE_URL', 'MASTER_KEYS', 'WECHAT_APPS', 'PUBLIC_URL'])('requires %s', (name) => {
    expect(problemsOf({ ...PRODUCTION, [name]: undefined })).toEqual([expect.stringMatching(`^${name}: is required`)]);
    expect(problemsOf({ ...PRODUCTION, [name]: '' })).toEqual([expect.stringMatching(`^${name}: is required`)]);
  });

  it('names everything it misses at once', () => {
    expect(problemsOf({ NODE_ENV: 'production' })).toHaveLength(4);
  });

  it('does not run on the embedded database, for commands neither', () => {
    expect(() => loadDatabaseSettings({ NODE_ENV: 'production' })).toThrow('DATABASE_URL: is required');
    expect(loadDatabaseSettings({ NODE_ENV: 'production', DATABASE_URL: PRODUCTION.DATABASE_URL })).toMatchObject({
      url: PRODUCTION.DATABASE_URL,
    });
  });

  it('refuses secrets that stand in this repository', () => {
    for (const secret of PRINTED_SECRETS) {
      const [problem, ...others] = problemsOf({ ...PRODUCTION, WECHAT_APPS: apps({ secret }) });
      expect(problem).toMatch(/^WECHAT_APPS\[0\]\.secret: /);
      expect(problem).not.toContain(secret);
      expect(others).toEqual([]);
    }
    const metrics = [...PRINTED_SECRETS].filter((secret) => secret.length >= 16);
    for (const METRICS_TOKEN of metrics) {
      expect(problemsOf({ ...PRODUCTION, METRICS_TOKEN })).toEqual([expect.stringMatching(/^METRICS_TOKEN: /)]);
    }
    // The same in development is nobody's harm.
    expect(problemsOf({ WECHAT_APPS: JSON.stringify(SANDBOX_APPS) })).toEqual([]);
  });

  it.each(['.env.example', 'docker-compose.yml', 'docker-compose.prod.yml', 'README.md', 'README.zh-CN.md'])(
    'refuses every secret that %s prints',
    (name) => {
      const text = readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
      const assigned = [...text.matchAll(/(?:SANDBOX_CONTROL_TOKEN|METRICS_TOKEN)(?:=|: |:-)"?(\w[\w-]{15,})/g)];
      for (const [, secret] of assigned) expect(PRINTED_SECRETS).toContain(secret);
      const placeholders = [...text.matchAll(/replace-[\w-]+/g)];
      for (const [secret] of placeholders) expect(PRINTED_SECRETS).toContain(secret);
    },
  );

  it('refuses an AppSecret that is too short to be one', () => {
    expect(problemsOf({ ...PRODUCTION, WECHAT_APPS: apps({ secret: '123456789012345' }) })).toEqual([
      expect.stringMatching(/^WECHAT_APPS\[0\]\.secret: /),
    ]);
  });
});

describe('the sandbox', () => {
  const isOn = (variables: NodeJS.ProcessEnv) => load(variables).sandbox.enabled;

  it('is on when nothing says that this is meant for real', () => {
    expect(isOn({})).toBe(true);
    expect(isOn({ NODE_ENV: 'test' })).toBe(true);
    expect(isOn({ MASTER_KEYS: `k:${key()}`, PUBLIC_URL: 'http://localhost:3000' })).toBe(true);
  });

  it('must be asked for beside real apps or a real database', () => {
    const database = { DATABASE_URL: PRODUCTION.DATABASE_URL };
    expect(isOn({ WECHAT_APPS: apps() })).toBe(false);
    expect(isOn({ ...database, WECHAT_APPS: apps() })).toBe(false);
    expect(isOn({ WECHAT_APPS: apps(), WECHAT_SANDBOX: 'true' })).toBe(true);
    expect(isOn({ ...database, WECHAT_SANDBOX: 'true' })).toBe(true);
    expect(problemsOf(database)).toEqual([expect.stringMatching(/^WECHAT_APPS: is required/)]);
  });

  it('counts apps and database given as files', () => {
    expect(isOn({ WECHAT_APPS_FILE: file(apps()) })).toBe(false);
    expect(problemsOf({ DATABASE_URL_FILE: file(PRODUCTION.DATABASE_URL) })).toEqual([
      expect.stringMatching(/^WECHAT_APPS: is required/),
    ]);
  });

  it('can be turned off, and WeChat itself is asked then', () => {
    const settings = load({ WECHAT_SANDBOX: 'false', WECHAT_APPS: apps() });
    expect(settings.sandbox.enabled).toBe(false);
    expect(settings.wechat.apiBaseUrl).toBe(WECHAT_API);
    expect(problemsOf({ WECHAT_SANDBOX: 'false' })).toEqual([expect.stringMatching(/^WECHAT_APPS: is required/)]);
  });

  it.each(['true', 'on', '1'])('is refused in production: %s', (value) => {
    const variables = { ...PRODUCTION, WECHAT_SANDBOX: value, SANDBOX_CONTROL_TOKEN: 'sixteen-characters-and-more' };
    expect(problemsOf(variables)).toEqual([expect.stringMatching(/^WECHAT_SANDBOX: /)]);
  });

  it.each(['0.0.0.0', '::', '192.168.1.2', 'passport.internal'])('needs a control token to listen on %s', (host) => {
    expect(problemsOf({ HOST: host })).toEqual([expect.stringMatching(/^SANDBOX_CONTROL_TOKEN: is required/)]);
    const SANDBOX_CONTROL_TOKEN = 'sixteen-characters-and-more';
    expect(load({ HOST: host, SANDBOX_CONTROL_TOKEN }).sandbox).toEqual({
      enabled: true,
      controlToken: SANDBOX_CONTROL_TOKEN,
    });
  });

  it.each(['127.0.0.1', '::1', 'localhost'])('needs none on %s', (host) => {
    expect(isOn({ HOST: host })).toBe(true);
  });
});

describe('WORKERS', () => {
  it('may be several on PostgreSQL, and is one otherwise', () => {
    expect(load().server.workers).toBe(1);
    expect(load({ ...PRODUCTION, WORKERS: '4' }).server.workers).toBe(4);
  });

  it('is one where the database or the sandbox lives in the process', () => {
    expect(problemsOf({ WORKERS: '2', WECHAT_APPS: apps() })).toEqual([
      expect.stringMatching(/^WORKERS: more than one needs DATABASE_URL/),
    ]);
    const { DATABASE_URL } = PRODUCTION;
    expect(problemsOf({ WORKERS: '2', DATABASE_URL, WECHAT_SANDBOX: 'true' })).toEqual([
      expect.stringMatching(/^WORKERS: more than one needs a sandbox of its own/),
    ]);
  });

  it.each(['0', '-1', '1.5', 'auto', '129'])('is refused as %s', (value) => {
    expect(problemsOf({ ...PRODUCTION, WORKERS: value })).toEqual([expect.stringMatching(/^WORKERS: /)]);
  });
});

describe('a secret in a file', () => {
  it('is read without the line feed at its end', () => {
    const MASTER_KEYS = `k1:${key()}`;
    const files = Object.fromEntries(
      Object.entries({ ...PRODUCTION, MASTER_KEYS }).map(([name, value]) =>
        (SECRET_VARIABLES as readonly string[]).includes(name) ? [`${name}_FILE`, file(`${value}\n`)] : [name, value],
      ),
    );
    expect(Object.keys(files)).toEqual(expect.arrayContaining(['DATABASE_URL_FILE', 'MASTER_KEYS_FILE']));
    expect(load(files)).toEqual(load({ ...PRODUCTION, MASTER_KEYS }));
  });

  it.each([...SECRET_VARIABLES])('%s may not be given twice', (name) => {
    const { DATABASE_URL: DATABASE_DIRECT_URL } = PRODUCTION;
    const REDIS_URL = 'redis://127.0.0.1:6379';
    const good: Record<string, string> = {
      ...PRODUCTION,
      DATABASE_DIRECT_URL,
      REDIS_URL,
      OAUTH_CLIENTS: oauthClients(),
    };
    const value = good[name] ?? 'sixteen-characters-and-more';
    const problems = problemsOf({ ...PRODUCTION, [name]: value, [`${name}_FILE`]: file(value) });
    expect(problems).toEqual([`${name}: is set both directly and as ${name}_FILE`]);
  });

  it.each([...SECRET_VARIABLES])('%s_FILE that cannot be read is a problem, without its path', (name) => {
    const problems = problemsOf({ [`${name}_FILE`]: join(directory, VALUE) });
    expect(problems).toContain(`${name}_FILE: the file cannot be read`);
  });

  it('is for secrets only', () => {
    expect(load({ PORT_FILE: file('8080') }).server.port).toBe(3000);
  });

  it('is checked like the variable itself', () => {
    expect(problemsOf({ MASTER_KEYS_FILE: file(VALUE) })).toEqual([expect.stringMatching(/^MASTER_KEYS: /)]);
    expect(problemsOf({ METRICS_TOKEN_FILE: file(VALUE) })).toEqual([expect.stringMatching(/^METRICS_TOKEN: /)]);
  });
});

describe('MASTER_KEYS', () => {
  it('holds one key or several, the first of which seals', () => {
    const [first, second] = [key(), key()];
    const { masterKeys } = load({ MASTER_KEYS: `new:${first}, old_1:${second}` }).masterKeys;
    expect(masterKeys).toEqual([
      { id: 'new', secret: Buffer.from(first, 'base64') },
      { id: 'old_1', secret: Buffer.from(second, 'base64') },
    ]);
  });

  it.each<[string, string]>([
    ['without id', key()],
    ['with an empty id', `:${key()}`],
    ['with an id of 33 characters', `${'k'.repeat(33)}:${key()}`],
    ['with a sign in its id', `k.1:${key()}`],
    ['of 31 bytes', `k:${randomBytes(31).toString('base64')}`],
    ['of 33 bytes', `k:${randomBytes(33).toString('base64')}`],
    ['in hexadecimal', `k:${randomBytes(32).toString('hex')}`],
    ['in base64url', `k:${Buffer.alloc(32, 0xff).toString('base64url')}=`],
    ['without padding', `k:${key().slice(0, -1)}`],
    ['with a space in it', `k:${key().slice(0, 20)} ${key().slice(21)}`],
  ])('refuses a key %s', (_what, value) => {
    const problems = problemsOf({ MASTER_KEYS: value });
    expect(problems).toEqual([expect.stringMatching(/^MASTER_KEYS: entry 1 /)]);
    expect(problems[0]).not.toContain(value.split(':').at(-1));
  });

  it('says which entry is wrong', () => {
    expect(problemsOf({ MASTER_KEYS: `a:${key()},b:${VALUE},c:${key()},` })).toEqual([
      expect.stringMatching(/^MASTER_KEYS: entry 2 /),
      expect.stringMatching(/^MASTER_KEYS: entry 4 /),
    ]);
  });

  it('refuses an id that comes twice', () => {
    expect(problemsOf({ MASTER_KEYS: `k:${key()},k:${key()}` })).toEqual([expect.stringMatching(/^MASTER_KEYS: /)]);
  });
});

describe('WECHAT_APPS', () => {
  it('holds apps with all that can be said of them', () => {
    const app = {
      appId: 'wx0123456789abcdef',
      secret: 's',
      name: '小店',
      openPlatform: 'owner',
      registration: 'always',
      pushToken: 'token123',
      pushAesKey: 'a'.repeat(43),
    };
    expect(load({ WECHAT_APPS: JSON.stringify([app]) }).wechat.apps).toEqual([app]);
  });

  it.each<[string, unknown, string]>([
    ['no list', {}, 'WECHAT_APPS'],
    ['an empty list', [], 'WECHAT_APPS'],
    ['null', [null], 'WECHAT_APPS[0]'],
    ['a list in the list', [[]], 'WECHAT_APPS[0]'],
    ['text', [VALUE], 'WECHAT_APPS[0]'],
    ['no appId', [{ secret: VALUE }], 'WECHAT_APPS[0].appId'],
    ['no secret', [{ appId: 'wx1' }], 'WECHAT_APPS[0].secret'],
    ['a secret that is a number', [{ appId: 'wx1', secret: 1 }], 'WECHAT_APPS[0].secret'],
    ['a secret with a space', [{ appId: 'wx1', secret: `${VALUE} x` }], 'WECHAT_APPS[0].secret'],
    ['a secret of 129 characters', [{ appId: 'wx1', secret: 'x'.repeat(129) }], 'WECHAT_APPS[0].secret'],
    ['a field nobody knows', [{ appId: 'wx1', secret: 's', appsecret: VALUE }], 'WECHAT_APPS[0]'],
    ['a field named like a method of every object', [{ appId: 'wx1', secret: 's', toString: 1 }], 'WECHAT_APPS[0]'],
    [
      'a registration nobody knows',
      [{ appId: 'wx1', secret: 's', registration: VALUE }],
      'WECHAT_APPS[0].registration',
    ],
    ['a pushAesKey of 42', [{ appId: 'wx1', secret: 's', pushAesKey: 'a'.repeat(42) }], 'WECHAT_APPS[0].pushAesKey'],
    [
      'an app twice',
      [
        { appId: 'wx1', secret: 's' },
        { appId: 'wx1', secret: 't' },
      ],
      'WECHAT_APPS',
    ],
  ])('with %s is refused', (_what, value, where) => {
    const problems = problemsOf({ WECHAT_APPS: JSON.stringify(value) });
    expect(problems).toEqual([expect.stringContaining(`${where}: `)]);
  });

  it('says which app and which field is wrong', () => {
    const list = [{ appId: 'wx1', secret: 's' }, { appId: 'wx2' }, { appId: '', secret: 's' }];
    expect(problemsOf({ WECHAT_APPS: JSON.stringify(list) })).toEqual([
      expect.stringMatching(/^WECHAT_APPS\[1\]\.secret: /),
      expect.stringMatching(/^WECHAT_APPS\[2\]\.appId: /),
    ]);
  });
});

describe('the master key of development', () => {
  it('is made once, kept for its owner only, and used again', () => {
    const first = load().masterKeys.masterKeys;
    expect(first).toEqual([{ id: 'dev', secret: expect.any(Buffer) }]);
    expect(first[0]!.secret).toHaveLength(32);
    const path = join(directory, 'master-key');
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect(load().masterKeys.masterKeys).toEqual(first);
    expect(readFileSync(path, 'utf8')).toContain(first[0]!.secret.toString('base64'));
  });

  it('differs from folder to folder', () => {
    const other = mkdtempSync(join(tmpdir(), 'wechat-passport-config-'));
    try {
      const { masterKeys } = loadSettings({}, { dataDirectory: other });
      expect(masterKeys.masterKeys).not.toEqual(load().masterKeys.masterKeys);
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  it('is not made where one is given, nor where nothing can start anyway', () => {
    load({ MASTER_KEYS: `k:${key()}` });
    problemsOf({ PORT: VALUE });
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each(['', VALUE, `dev:${VALUE}`])('that was damaged to %j is a problem, not a server without a key', (content) => {
    writeFileSync(join(directory, 'master-key'), content);
    expect(problemsOf({})).toEqual([expect.stringContaining('master-key')]);
  });
});

function oauthClients(): string {
  return JSON.stringify([{ clientId: 'shop', secretHash: `sha256:${'0'.repeat(64)}`, appIds: ['wx0123456789abcdef'] }]);
}

/** Where in a value an object or a list is not frozen. A Buffer cannot be. */
function notFrozen(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return [];
  const inner = Object.entries(value).flatMap(([name, child]) => notFrozen(child, `${path}.${name}`));
  return Object.isFrozen(value) ? inner : [path, ...inner];
}
