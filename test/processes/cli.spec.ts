import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseOAuthClients } from '../../src/config/parse-oauth-clients.js';
import { sealedWith } from '../../src/crypto/sealer.js';
import { environmentBeside, runCli, serveFolder, type CliResult } from '../support/cli-run.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TEST_MASTER_KEY, TestServer } from '../support/test-server.js';

const SESSION = '/v1/auth/session';
const NOBODY = '0190a0a0-0000-7000-8000-000000000000';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wechat-passport-cli-'));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lines = ({ stdout }: CliResult) => stdout.trim().split('\n');

describe('the command line, without a database', () => {
  const run = (...args: string[]) => runCli(args, { DATABASE_URL: 'postgresql://postgres@127.0.0.1:1/nobody' }, folder);

  it.each([[[]], [['keys']], [['keys', 'eat']], [['keys list']], [['__proto__', 'constructor']], [['--help']]])(
    'answers %j with its usage and exit code 1',
    async (args) => {
      const { code, stdout, stderr } = await run(...args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^usage: npm run cli -- <command>\n/);
      for (const name of [
        'clients secret',
        'keys list',
        'keys rotate',
        'keys revoke',
        'keys reseal',
        'users disable',
      ]) {
        expect(stderr).toContain(name);
      }
      expect(stderr).not.toMatch(/^\s+at /m);
    },
  );

  it('makes a secret for a back end, another one every time, and the hash that belongs to it', async () => {
    const made = await Promise.all([run('clients', 'secret'), run('clients', 'secret')]);
    const secrets = made.map((result) => {
      expect(result).toMatchObject({ code: 0, stderr: '' });
      const [secret, hash] = lines(result).map((line) => line.split(/\s+/)[1]!) as [string, string];
      expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
      expect(hash).toBe(`sha256:${createHash('sha256').update(secret).digest('hex')}`);
      const problems: string[] = [];
      parseOAuthClients(JSON.stringify([{ clientId: 'shop', secretHash: hash, appIds: ['wx1'] }]), problems);
      expect(problems).toEqual([]);
      return secret;
    });
    expect(secrets[0]).not.toBe(secrets[1]);
  });

  it('names what is wrong with the environment, without its values', async () => {
    const { code, stderr } = await runCli(['keys', 'list'], { MASTER_KEYS: 'secret-value', PORT: 'x' }, folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(/MASTER_KEYS: /);
    expect(stderr).toMatch(/PORT: /);
    expect(stderr).not.toContain('secret-value');
  });

  it('says that the database is away, and ends', async () => {
    const environment = { DATABASE_URL: 'postgresql://postgres@127.0.0.1:1/nobody', WECHAT_SANDBOX: 'true' };
    const { code, stderr } = await runCli(['keys', 'list'], environment, folder);
    expect(code).toBe(1);
    expect(stderr).toContain('ECONNREFUSED');
  });
});

describeOnPostgres('the command line, beside a running server', () => {
  let database: TestDatabase;
  let server: TestServer;
  beforeAll(async () => {
    database = await createTestDatabase();
    server = await TestServer.start({ RATE_LIMIT: 'off' }, { database });
  });
  afterAll(async () => {
    await server?.close();
    await database?.drop();
  });

  const run = (...args: string[]) => runWith({}, ...args);
  const runWith = (environment: NodeJS.ProcessEnv, ...args: string[]) =>
    runCli(args, { ...environmentBeside(database.url), ...environment }, folder);
  const kidWith = async (status: string) => {
    const [row] = await server.sql<{ kid: string }>('select kid from signing_keys where status = $1', [status]);
    return row!.kid;
  };
  const ripen = () =>
    server.sql(`update signing_keys set created_at = now() - interval '11 minutes' where status = 'next'`);

  it('lists the keys, and never a private half', async () => {
    const result = await run('keys', 'list');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(lines(result)).toEqual([
      expect.stringMatching(new RegExp(`^${await kidWith('current')} +current +for 0 days$`)),
      expect.stringMatching(new RegExp(`^${await kidWith('next')} +next +for 0 days$`)),
    ]);
  });

  it('does not rotate to a key that is too new, and rotates when it is old enough', async () => {
    const [current, next] = [await kidWith('current'), await kidWith('next')];
    expect(await run('keys', 'rotate')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^Not rotated: .*10 minutes/),
    });
    expect(await kidWith('current')).toBe(current);
    await ripen();
    expect(await run('keys', 'rotate')).toEqual({ code: 0, stdout: 'Rotated.\n', stderr: '' });
    expect([await kidWith('previous'), await kidWith('current')]).toEqual([current, next]);
    const signedWith = async () => {
      const { accessToken } = (await server.signIn('alice')).body.tokens as { accessToken: string };
      return (JSON.parse(Buffer.from(accessToken.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid;
    };
    await eventually('the running server signs with it', async () => (await signedWith()) === next, { withinMs: 1000 });
  });

  it('does not rotate the keys that sign when the word behind is unknown', async () => {
    await ripen();
    const current = await kidWith('current');
    const { code, stderr } = await run('keys', 'rotate', 'refrehs');
    expect(await kidWith('current')).toBe(current);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^usage: /);
  });

  it('rotates the key behind refresh tokens', async () => {
    const { refreshToken } = (await server.signIn('bob')).body.tokens as { refreshToken: string };
    expect(await run('keys', 'rotate', 'refresh')).toEqual({ code: 0, stdout: 'Rotated.\n', stderr: '' });
    expect(await server.sql('select version from secret_keys order by version')).toEqual([
      { version: 1 },
      { version: 2 },
    ]);
    expect((await server.post('/v1/auth/refresh', { refreshToken })).status).toBe(200);
  });

  it('revokes a key: the running server refuses its tokens within a second', async () => {
    const { accessToken: token } = (await server.signIn('carol')).body.tokens as { accessToken: string };
    const current = await kidWith('current');
    expect(await run('keys', 'revoke', current)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Revoked\./),
    });
    await eventually('refusal', async () => (await server.get(SESSION, { token })).status === 401, { withinMs: 1000 });
    for (const kid of [[current], []]) {
      expect(await run('keys', 'revoke', ...kid)).toMatchObject({ code: 1, stdout: 'There is no such key.\n' });
    }
  });

  it('disables and enables a person: the running server refuses them within a second', async () => {
    const { user, tokens } = (await server.signIn('dave')).body;
    expect(await run('users', 'disable', user.id as string)).toEqual({ code: 0, stdout: 'Disabled.\n', stderr: '' });
    const token = tokens.accessToken as string;
    await eventually('refusal', async () => (await server.get(SESSION, { token })).status !== 200, { withinMs: 1000 });
    expectProblem(await server.get(SESSION, { token }), 'USER_DISABLED');
    expectProblem(await server.signIn('dave'), 'USER_DISABLED');
    expect(await run('users', 'disable', user.id as string)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('no active user'),
    });

    expect(await run('users', 'enable', user.id as string)).toEqual({ code: 0, stdout: 'Enabled.\n', stderr: '' });
    expect((await server.signIn('dave')).status).toBe(200);
    expectProblem(await server.get(SESSION, { token }), 'USER_DISABLED');
    expect(await run('users', 'enable', user.id as string)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('no disabled user'),
    });
  });

  it.each(['disable', 'enable'])('users %s: refuses an id of nobody, and what is no id', async (verb) => {
    for (const id of [[NOBODY], ["x' or true --"]]) {
      const { code, stdout, stderr } = await run('users', verb, ...id);
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
      expect(stdout).toMatch(/^There is no (active|disabled) user with this id\.\n$/);
    }
  });

  it('seals with the first master key, says how far it is, and the next time that nothing is left', async () => {
    const environment = { MASTER_KEYS: `new:${Buffer.alloc(32, 7).toString('base64')},test:${TEST_MASTER_KEY}` };
    const first = await runWith(environment, 'keys', 'reseal');
    expect(first.code).toBe(0);
    expect(lines(first)).toContainEqual(expect.stringMatching(/^wechat_sessions\.session_key_sealed: [1-9]/));
    const rows = await server.sql<{ sealed: Buffer }>(
      `select private_key_sealed as sealed from signing_keys where status in ('next', 'current', 'previous')
       union all select secret_sealed from secret_keys union all select session_key_sealed from wechat_sessions`,
    );
    expect(rows.map(({ sealed }) => sealedWith(sealed))).toEqual(rows.map(() => 'new'));
    expect(lines(await runWith(environment, 'keys', 'reseal')).at(-1)).toMatch(/^Resealed 0\./);
  });

  it('names the master key that is missing', async () => {
    const { code, stderr } = await run('keys', 'list');
    expect(code).toBe(1);
    expect(stderr).toMatch(/MASTER_KEYS: .*"new"/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('the command line, on the embedded database', () => {
  it('waits for no server: it says to stop it, and works when that is done', async () => {
    const server = await serveFolder(folder);
    const ask = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the test states what it expects of it
      return (await answer.json()) as any;
    };
    let userId: string;
    try {
      const { code } = await ask('/sandbox/wx-login', { user: 'alice' });
      userId = (await ask('/v1/auth/wechat/login', { code })).user.id as string;
      const commands = [
        ['keys', 'list'],
        ['users', 'disable', userId],
      ];
      for (const result of await Promise.all(commands.map((command) => runCli(command, {}, folder)))) {
        expect(result).toMatchObject({ code: 1, stdout: '' });
        expect(result.stderr).toContain('Stop the server first');
      }
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    } finally {
      await server.stop();
    }
    const lock = join(folder, '.data/database.lock');
    expect(existsSync(lock)).toBe(false);
    expect(await runCli(['users', 'disable', userId], {}, folder)).toMatchObject({ code: 0, stdout: 'Disabled.\n' });
    expect(existsSync(lock)).toBe(false);
    expect(await runCli(['users', 'enable', userId], {}, folder)).toMatchObject({ code: 0, stdout: 'Enabled.\n' });
  }, 120_000);
});
