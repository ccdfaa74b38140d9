import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentBeside, runCli } from '../support/cli-run.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer } from '../support/test-server.js';

interface Line {
  readonly id: string;
  readonly at: string;
  readonly event: string;
  readonly userId: string | null;
  readonly actor: { readonly kind: string; readonly id: string | null };
}

describeOnPostgres('audit export', () => {
  let folder: string;
  let database: TestDatabase;
  let server: TestServer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wechat-passport-audit-'));
    database = await createTestDatabase();
    server = await TestServer.start({}, { database });
  }, 120_000);
  afterAll(async () => {
    await server?.close();
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (...args: string[]) => runCli(args, environmentBeside(database.url), folder);
  const exported = async (...args: string[]): Promise<Line[]> => {
    const { code, stdout, stderr } = await run('audit', 'export', ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  };

  it('prints what happened to a person as JSON lines, what an operator did included', async () => {
    await server.signIn('alice');
    const bob = (await server.signIn('bob')).body.user.id as string;
    await run('users', 'disable', bob);
    await run('users', 'enable', bob);
    const person = { kind: 'user', id: bob };
    const operator = { kind: 'admin', id: null };
    expect(await exported('--user', bob)).toMatchObject([
      { event: 'user_created', userId: bob, actor: person },
      { event: 'sign_in', userId: bob, actor: person },
      { event: 'user_disabled', userId: bob, actor: operator },
      { event: 'sessions_revoked', userId: bob, actor: operator, reason: 'disabled' },
      { event: 'user_enabled', userId: bob, actor: operator },
    ]);
    const all = await exported();
    expect(all.length).toBeGreaterThan(5);
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted());
    expect(Object.keys(all[0]!).toSorted()).toEqual(
      [
        'actor',
        'appId',
        'at',
        'event',
        'fields',
        'id',
        'reason',
        'sessionId',
        'subject',
        'traceId',
        'userId',
      ].toSorted(),
    );
  });

  it('prints what is newer than a time', async () => {
    await server.signIn('carol');
    await server.sql(`update audit_events set at = at - interval '1 day'`);
    expect(await exported('--since', new Date(Date.now() - 3_600_000).toISOString())).toEqual([]);
    const dave = (await server.signIn('dave')).body.user.id as string;
    const since = await exported('--since', new Date(Date.now() - 3_600_000).toISOString());
    expect(since.map(({ userId }) => userId)).toEqual([dave, dave]);
  });

  it('prints more than fits into one chunk, a line each', async () => {
    await server.sql(
      `insert into audit_events (id, event, actor_kind)
       select gen_random_uuid(), 'sign_in_failed', 'user' from generate_series(1, 2500)`,
    );
    const lines = await exported();
    expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length);
    expect(lines.filter(({ event }) => event === 'sign_in_failed')).toHaveLength(2500);
    await server.sql(`delete from audit_events where event = 'sign_in_failed'`);
  });

  it('has the keys that an operator rotated and revoked', async () => {
    await server.sql(`update signing_keys set created_at = created_at - interval '1 day'`);
    const [current] = await server.sql<{ kid: string }>(`select kid from signing_keys where status = 'current'`);
    await run('keys', 'rotate');
    await run('keys', 'rotate', 'refresh');
    await run('keys', 'revoke', current!.kid);
    const actor = { kind: 'admin', id: null };
    expect((await exported()).filter(({ event }) => event.startsWith('key_'))).toMatchObject([
      { event: 'key_rotated', subject: current!.kid, actor },
      { event: 'key_rotated', subject: 'refresh_token/1', actor },
      { event: 'key_revoked', subject: current!.kid, actor },
    ]);
  });

  it.each([
    [['--since', 'yesterday'], /--since must be a time/],
    [['--user', 'bob'], /--user must be the id of a user/],
    [['--since'], /--since/],
    [['--until', '2026-01-01'], /^usage: /],
    [['everything'], /^usage: /],
  ])('refuses %j', async (args, why) => {
    const { code, stdout, stderr } = await run('audit', 'export', ...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(why);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
