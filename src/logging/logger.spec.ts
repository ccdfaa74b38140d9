import fc from 'fast-check';
import { createLogger, serializeError, type LogLevel } from './logger.js';

const SECRET = 'CANARY5e6d';
const SECRET_NAMES = [
  'authorization',
  'authentication',
  'sid',
  'cookie',
  'js_code',
  'secret',
  'appSecret',
  'session_key',
  'sessionKey',
  'access_token',
  'accessToken',
  'refresh_token',
  'refreshToken',
  'password',
  'phone',
  'openid',
  'unionid',
  'masterKeys',
];

function logged(write: (logger: ReturnType<typeof createLogger>) => void, level: LogLevel = 'trace'): string[] {
  const lines: string[] = [];
  write(createLogger(level, { write: (line: string) => void lines.push(line) }));
  return lines;
}

const entry = (fields: object) => {
  const [line] = logged((logger) => logger.info(fields, 'message'));
  return JSON.parse(line!) as Record<string, unknown>;
};

describe('a log line', () => {
  it('is one JSON object with level, time, msg and the fields', () => {
    const [line, ...others] = logged((logger) => logger.warn({ route: '/v1', ms: 1.5 }, 'two\nlines'));
    expect(others).toEqual([]);
    expect(line!.trimEnd().split('\n')).toHaveLength(1);
    const { time, ...rest } = JSON.parse(line!) as Record<string, unknown>;
    expect(rest).toEqual({ level: 'warn', route: '/v1', ms: 1.5, msg: 'two\nlines' });
    expect(new Date(time as string).toISOString()).toBe(time);
  });

  it.each<[LogLevel, string[]]>([
    ['trace', ['trace', 'debug', 'info', 'warn', 'error', 'fatal']],
    ['info', ['info', 'warn', 'error', 'fatal']],
    ['error', ['error', 'fatal']],
    ['silent', []],
  ])('is written at level %s for %j', (level, expected) => {
    const lines = logged((logger) => {
      for (const name of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) logger[name](name);
    }, level);
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(expected);
  });
});

describe('a secret', () => {
  it.each(SECRET_NAMES)('is cut out under the name %s, at the top and one level down', (name) => {
    expect(entry({ [name]: SECRET })).toMatchObject({ [name]: '[redacted]' });
    expect(entry({ request: { [name]: SECRET } })).toMatchObject({ request: { [name]: '[redacted]' } });
  });

  it('is cut out whatever its type', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SECRET_NAMES), fc.jsonValue(), (name, value) => {
        expect(entry({ [name]: value, context: { [name]: value } })).toMatchObject({
          [name]: '[redacted]',
          context: { [name]: '[redacted]' },
        });
      }),
    );
  });

  it('is cut out under the name code, unless it is a code of an error', () => {
    expect(entry({ code: 'WECHAT_UNAVAILABLE' })).toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
    expect(entry({ err: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) })).toMatchObject({
      err: { code: 'ECONNREFUSED' },
    });
    for (const code of ['0a1B2c3D4e5F6g7H8i9J', SECRET, 123456, [SECRET], { value: SECRET }]) {
      expect(entry({ code })).toMatchObject({ code: '[redacted]' });
      expect(entry({ body: { code } })).toMatchObject({ body: { code: '[redacted]' } });
    }
  });

  it('stays in what nobody guards: callers must not hand it over', () => {
    expect(entry({ note: SECRET })).toMatchObject({ note: SECRET });
  });
});

describe('a logged error', () => {
  it('keeps its kind, message, code, constraint, stack and cause', () => {
    const cause = Object.assign(new TypeError('inner'), { code: '23505', constraint: 'uq_identities' });
    const { err } = entry({ err: new Error('outer', { cause }) }) as { err: Record<string, unknown> };
    expect(err).toEqual({
      type: 'Error',
      message: 'outer',
      stack: expect.stringContaining('logger.spec'),
      cause: {
        type: 'TypeError',
        message: 'inner',
        code: '23505',
        constraint: 'uq_identities',
        stack: expect.stringContaining('TypeError: inner'),
      },
    });
  });

  it('loses everything that may hold what somebody sent', () => {
    const error = Object.assign(new Error('duplicate key'), {
      detail: `Key (subject)=(${SECRET}) already exists.`,
      parameters: [SECRET],
      config: { url: `https://api.weixin.qq.com/?secret=${SECRET}` },
      request: { path: SECRET },
      response: { data: SECRET },
      query: SECRET,
    });
    expect(logged((logger) => logger.error({ err: error }, 'x')).join('')).not.toContain(SECRET);
    expect(logged((logger) => logger.error({ err: new Error('outer', { cause: error }) }, 'x')).join('')).not.toContain(
      SECRET,
    );
  });

  it.each(['js_code', 'secret', 'access_token', 'session_key', 'openid'])('has %s cut out of URLs', (name) => {
    const error = new Error(`GET /sns/jscode2session?appid=wx1&${name}=${SECRET}&grant_type=x failed`);
    const line = logged((logger) => logger.error({ err: error }, 'x')).join('');
    expect(line).not.toContain(SECRET);
    expect(line).toContain(`appid=wx1&${name}=[redacted]&grant_type=x failed`);
  });

  it('has access tokens cut out, in the cause too', () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'ES256', typ: 'at+jwt' })}.${part({ sub: SECRET })}.c2lnbmF0dXJl`;
    const error = new Error('outer', { cause: new Error(`bad token "${token}"`) });
    const line = logged((logger) => logger.error({ err: error }, 'x')).join('');
    expect(line).not.toContain(token.split('.')[1]);
    expect(line).toContain('bad token \\"[redacted]\\"');
  });

  it('that is no error is only named by its type', () => {
    expect(serializeError({ secret: SECRET })).toEqual({ type: 'object' });
    expect(serializeError(SECRET)).toEqual({ type: 'string' });
    expect(serializeError(null)).toEqual({ type: 'object' });
    expect(serializeError(undefined)).toBeUndefined();
  });

  it('with an unusual code loses it', () => {
    const { err } = entry({ err: Object.assign(new Error('x'), { code: { value: SECRET } }) });
    expect(JSON.stringify(err)).not.toContain(SECRET);
  });
});
