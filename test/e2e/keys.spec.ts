import { createPrivateKey } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, type JWK } from 'jose';
import { KeyRing } from '../../src/auth/tokens/key-ring.js';
import { KeyRotation } from '../../src/auth/tokens/key-rotation.js';
import { ConfigurationError } from '../../src/config/configuration-error.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { Sealer, sealedWith } from '../../src/crypto/sealer.js';
import { createLogger } from '../../src/logging/logger.js';
import { startServer as startServerOf } from '../../src/start-server.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problems.js';
import { ServerChildren, testServerOf } from '../support/server-child.js';
import { Forge } from '../support/signing-forge.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TEST_MASTER_KEY, type TestServer } from '../support/test-server.js';

const SESSION = '/v1/auth/session';
const PUBLISHED_SECONDS = 600;
const ACCESS_TTL_SECONDS = 7200;
const MARGIN_SECONDS = 300;
const WITHIN_MS = 1000;

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

interface SigningKeyRow {
  readonly kid: string;
  readonly status: string;
}

interface SealedRow {
  readonly row: string;
  readonly sealed: Buffer;
}

let server: TestServer;
let app: TestApp;
let rotation: KeyRotation;

async function startServer(
  options: Parameters<typeof startTestApp>[1] = {},
  environment: NodeJS.ProcessEnv = {},
): Promise<void> {
  app = await startTestApp({ MASTER_KEYS: `test:${TEST_MASTER_KEY}`, RATE_LIMIT: 'off', ...environment }, options);
  server = testServerOf({ ...app, closeAll: () => app.close() });
  rotation = app.app.get(KeyRotation);
}

const signIn = async (user: string, from = server) => (await from.signIn(user)).body.tokens as Tokens;
const refresh = (refreshToken: string, from = server) => from.post('/v1/auth/refresh', { refreshToken });
const isGood = async (token: string, from = server) => (await from.get(SESSION, { token })).status === 200;
const kidOf = (token: string) => decodeProtectedHeader(token).kid!;
const versionOf = (refreshToken: string) => Buffer.from(refreshToken, 'base64url')[0]!;

async function keysNow(): Promise<Record<string, string[]>> {
  const rows = await server.sql<SigningKeyRow>('select kid, status from signing_keys order by created_at');
  const byStatus: Record<string, string[]> = {};
  for (const { kid, status } of rows) (byStatus[status] ??= []).push(kid);
  return byStatus;
}

const publishedIds = async (from = server) =>
  ((await from.get('/.well-known/jwks.json')).body.keys as JWK[]).map(({ kid }) => kid!).toSorted();

/** Lets the next signing key be as old as it has to be before it may sign. */
const ripen = (seconds = PUBLISHED_SECONDS) =>
  server.sql(`update signing_keys set created_at = now() - make_interval(secs => $1) where status = 'next'`, [seconds]);

async function rotateSigningKey(): Promise<void> {
  await ripen();
  expect(await rotation.rotateSigningKey()).toBe(true);
}

const retireAge = (seconds: number) =>
  server.sql(
    `update signing_keys set status_changed_at = now() - make_interval(secs => $1) where status = 'previous'`,
    [seconds],
  );

describe('the keys that sign access tokens', () => {
  beforeAll(() => startServer());
  afterAll(() => server.close());

  it('are published under their thumbprints, the next beside the current, without their private halves', async () => {
    const { body, headers } = await server.get('/.well-known/jwks.json');
    const { current, next } = await keysNow();
    expect(await publishedIds()).toEqual([...current!, ...next!].toSorted());
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    for (const jwk of body.keys as JWK[]) {
      expect(jwk.kid).toBe(await calculateJwkThumbprint(jwk));
      expect(Object.keys(jwk).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    }
    expect(kidOf((await signIn('alice')).accessToken)).toBe(current![0]);
  });

  it('are exactly one current and one next, by constraint', async () => {
    for (const status of ['current', 'next']) {
      const second = server.sql(
        `insert into signing_keys (kid, status, public_jwk, private_key_sealed) values ($1, $2, '{}', '\\x00')`,
        [`second ${status}`, status],
      );
      await expect(second).rejects.toMatchObject({ constraint: `uq_signing_keys_one_${status}` });
    }
  });

  it('do not rotate while somebody may not have seen the next one', async () => {
    const before = await keysNow();
    expect(await rotation.rotateSigningKey()).toBe(false);
    await ripen(PUBLISHED_SECONDS - 5);
    expect(await rotation.rotateSigningKey()).toBe(false);
    expect(await keysNow()).toEqual(before);
    expect(kidOf((await signIn('alice')).accessToken)).toBe(before['current']![0]);
  });

  it('rotate: the next one signs, tokens of the one before stay good, all three are published', async () => {
    const { accessToken: old, refreshToken } = await signIn('alice');
    const { current, next } = await keysNow();
    await rotateSigningKey();
    const after = await keysNow();
    expect(after).toEqual({ previous: current, current: next, next: [expect.any(String)] });
    expect(kidOf((await signIn('bob')).accessToken)).toBe(next![0]);
    expect(kidOf((await refresh(refreshToken)).body.accessToken as string)).toBe(next![0]);
    expect(await isGood(old)).toBe(true);
    expect(await publishedIds()).toEqual(Object.values(after).flat().toSorted());
  });

  it('rotate once when ten instances rotate at once', async () => {
    await ripen();
    const { current, next } = await keysNow();
    const rotated = await Promise.all(Array.from({ length: 10 }, () => rotation.rotateSigningKey()));
    expect(rotated.filter(Boolean)).toHaveLength(1);
    const after = await keysNow();
    expect(after['current']).toEqual(next);
    expect(after['previous']).toEqual(expect.arrayContaining(current!));
    expect(after['next']).toHaveLength(1);
  });

  it('retire when the last token they signed has expired, and not before', async () => {
    const forge = await Forge.at(server);
    await rotateSigningKey();
    const unseen = forge.token();
    await retireAge(ACCESS_TTL_SECONDS + MARGIN_SECONDS - 5);
    await rotation.rotateIfDue();
    expect((await keysNow())['previous']).toContain(forge.key.kid);
    expect(await isGood(forge.token())).toBe(true);

    await retireAge(ACCESS_TTL_SECONDS + MARGIN_SECONDS + 5);
    await rotation.rotateIfDue();
    expect((await keysNow())['previous']).toBeUndefined();
    expect(await publishedIds()).not.toContain(forge.key.kid);
    expectProblem(await server.get(SESSION, { token: unseen }), 'ACCESS_TOKEN_INVALID');
  });

  it('rotate by themselves when they are old', async () => {
    const { current, next } = await keysNow();
    await ripen();
    await server.sql(`update signing_keys set status_changed_at = now() - interval '89 days' where status = 'current'`);
    await rotation.rotateIfDue();
    expect((await keysNow())['current']).toEqual(current);
    await server.sql(`update signing_keys set status_changed_at = now() - interval '91 days' where status = 'current'`);
    await rotation.rotateIfDue();
    expect((await keysNow())['current']).toEqual(next);
  });

  it('are worthless at once when they are revoked; people refresh and go on', async () => {
    const { accessToken, refreshToken } = await signIn('carol');
    const unseen = (await signIn('carol')).accessToken;
    expect(await isGood(accessToken)).toBe(true);
    const { next } = await keysNow();
    expect(await rotation.revokeSigningKey(kidOf(accessToken))).toBe(true);

    for (const token of [accessToken, unseen]) {
      expectProblem(await server.get(SESSION, { token }), 'ACCESS_TOKEN_INVALID');
    }
    expect(await publishedIds()).not.toContain(kidOf(accessToken));
    const refreshed = await refresh(refreshToken);
    expect(refreshed.status).toBe(200);
    expect(kidOf(refreshed.body.accessToken as string)).toBe(next![0]);
    expect(await isGood(refreshed.body.accessToken as string)).toBe(true);
  });

  it('can be revoked before they ever signed; there is always a next one', async () => {
    const { current, next } = await keysNow();
    expect(await rotation.revokeSigningKey(next![0]!)).toBe(true);
    const after = await keysNow();
    expect(after['current']).toEqual(current);
    expect(after['next']).toEqual([expect.any(String)]);
    expect(after['next']).not.toEqual(next);
  });

  it('cannot be revoked twice, nor when there is no such key', async () => {
    const before = await keysNow();
    for (const kid of [before['revoked']![0]!, 'A'.repeat(43), '']) {
      expect(await rotation.revokeSigningKey(kid)).toBe(false);
    }
    expect(await keysNow()).toEqual(before);
  });
});

describe('the keys behind refresh tokens', () => {
  beforeAll(() => startServer());
  afterAll(() => server.close());

  const versions = () =>
    server.sql<{ version: number; retiring: boolean }>(
      'select version, retire_after is not null as retiring from secret_keys order by version',
    );

  it('rotate: new tokens are made with the new one, those of the old one stay good', async () => {
    const old = await signIn('alice');
    const other = await signIn('alice');
    expect(versionOf(old.refreshToken)).toBe(1);
    expect(await rotation.rotateRefreshKey()).toBe(true);
    expect(await versions()).toEqual([
      { version: 1, retiring: true },
      { version: 2, retiring: false },
    ]);
    const refreshed = (await refresh(old.refreshToken)).body as Tokens;
    expect(versionOf(refreshed.refreshToken)).toBe(2);
    expect((await refresh(refreshed.refreshToken)).status).toBe(200);
    // A repeat, and one that waited until now.
    expect((await refresh(refreshed.refreshToken)).status).toBe(200);
    expect((await refresh(other.refreshToken)).status).toBe(200);
    expect(await isGood(old.accessToken)).toBe(true);
  });

  it('are forgotten when no session can be alive that has not refreshed since', async () => {
    const { refreshToken } = await signIn('bob');
    const version = versionOf(refreshToken);
    await rotation.rotateRefreshKey();
    const [kept] = await server.sql<{ days: number }>(
      `select extract(epoch from retire_after - now())::float8 / 86400 as days from secret_keys where version = $1`,
      [version],
    );
    expect(kept!.days).toBeCloseTo(30, 2);

    await server.sql(`update secret_keys set retire_after = now() - interval '1 second' where version = $1`, [version]);
    await app.app.get(KeyRing).reload();
    expectProblem(await refresh(refreshToken), 'REFRESH_TOKEN_INVALID');
    const next = await signIn('bob');
    expect(versionOf(next.refreshToken)).toBe(version + 1);
    expect((await refresh(next.refreshToken)).status).toBe(200);
  });

  it('rotate once when ten instances rotate at once', async () => {
    const before = await versions();
    const rotated = await Promise.all(Array.from({ length: 10 }, () => rotation.rotateRefreshKey()));
    expect(rotated.filter(Boolean).length).toBe((await versions()).length - before.length);
    expect((await versions()).filter(({ retiring }) => !retiring)).toHaveLength(1);
  });

  it('rotate by themselves when they are old', async () => {
    const inUse = async () => (await versions()).filter(({ retiring }) => !retiring).map(({ version }) => version);
    const [before] = await inUse();
    for (const [days, rotations] of [
      [179, 0],
      [181, 1],
    ]) {
      await server.sql(
        `update secret_keys set created_at = now() - make_interval(days => $1) where retire_after is null`,
        [days],
      );
      await rotation.rotateIfDue();
      expect(await inUse()).toEqual([before! + rotations!]);
    }
    await rotation.rotateIfDue();
    expect(await inUse()).toEqual([before! + 1]);
  });
});

describe('what is sealed', () => {
  beforeAll(() => startServer());
  afterAll(() => server.close());

  it('is nowhere to be read in the database, and no nonce is used twice', async () => {
    for (let time = 0; time < 5; time += 1) {
      await signIn('alice');
      await rotateSigningKey();
      await rotation.rotateRefreshKey();
    }
    const rows = await sealedRows(server);
    expect(rows.length).toBeGreaterThan(12);

    const sealer = new Sealer([{ id: 'test', secret: Buffer.from(TEST_MASTER_KEY, 'base64') }]);
    const secrets = rows.flatMap(({ row, sealed }) => {
      const isSigningKey = !row.includes('|');
      const place = isSigningKey
        ? { table: 'signing_keys', column: 'private_key_sealed', row }
        : { table: 'secret_keys', column: 'secret_sealed', row };
      const secret = sealer.open(sealed, place);
      return isSigningKey ? [secret, privateScalarOf(secret)] : [secret];
    });
    const dump = await everythingIn(server);
    expect(dump).toContain(rows[0]!.sealed.toString('hex'));
    const readable = secrets.filter((secret) => spellingsOf(secret).some((spelling) => dump.includes(spelling)));
    expect(readable).toEqual([]);

    const nonces = rows.map(({ sealed }) => nonceOf(sealed).toString('hex'));
    expect(new Set(nonces).size).toBe(nonces.length);
  });
});

describeOnPostgres('a second server', () => {
  let database: TestDatabase;
  let children: ServerChildren;
  let second: TestServer;
  beforeAll(async () => {
    database = await createTestDatabase();
    await startServer({ database });
    children = await ServerChildren.on(database);
    second = await children.start();
  }, 60_000);
  afterAll(async () => {
    await children?.close();
    await server?.close();
    await database?.drop();
  });

  it('refuses the tokens of a revoked key within a second, and accepts those of the next', async () => {
    const { accessToken, refreshToken } = await signIn('alice');
    expect(await isGood(accessToken, second)).toBe(true);
    await rotation.revokeSigningKey(kidOf(accessToken));
    const since = performance.now();
    await eventually('refusal', async () => !(await isGood(accessToken, second)));
    const ms = performance.now() - since;
    console.info(`the revocation of a key reached the other server after ${ms.toFixed(0)} ms`);
    expect(ms).toBeLessThan(WITHIN_MS);
    expectProblem(await second.get(SESSION, { token: accessToken }), 'ACCESS_TOKEN_INVALID');
    expect(await publishedIds(second)).not.toContain(kidOf(accessToken));

    const refreshed = (await refresh(refreshToken, second)).body as Tokens;
    expect(kidOf(refreshed.accessToken)).not.toBe(kidOf(accessToken));
    expect(await isGood(refreshed.accessToken)).toBe(true);
    expect(await isGood(refreshed.accessToken, second)).toBe(true);
  });

  it('follows a rotation of the signing keys', async () => {
    await rotateSigningKey();
    const { current } = await keysNow();
    const signsWithNewKey = async () =>
      kidOf((await second.signIn('bob')).body.tokens.accessToken as string) === current![0];
    await eventually('a token of the new key', signsWithNewKey, { withinMs: WITHIN_MS });
  });

  it('learns the new version of the refresh keys by itself', async () => {
    await rotation.rotateRefreshKey();
    const { refreshToken } = await signIn('carol');
    // Whether or not the news has arrived by now.
    const refreshed = await refresh(refreshToken, second);
    expect(refreshed.status).toBe(200);
    await eventually('a token of the new version', async () => {
      const { body } = await second.signIn('carol');
      return versionOf(body.tokens.refreshToken as string) === versionOf(refreshToken);
    });
  });
});

describeOnPostgres('rotating the master key', () => {
  const OLD = `old:${TEST_MASTER_KEY}`;
  const NEW = `new:${Buffer.alloc(32, 6).toString('base64')}`;
  const NEWER = `newer:${Buffer.alloc(32, 7).toString('base64')}`;
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database?.drop());

  const withServer = async (masterKeys: string, work: () => Promise<void>): Promise<void> => {
    await startServer({ database }, { MASTER_KEYS: masterKeys });
    try {
      await work();
    } finally {
      await server.close();
    }
  };
  const sealedBy = async () => new Set((await sealedRows(server)).map(({ sealed }) => sealedWith(sealed)));
  const expectAlive = async ({ accessToken, refreshToken }: Tokens): Promise<Tokens> => {
    expect(await isGood(accessToken)).toBe(true);
    const { status, body } = await refresh(refreshToken);
    expect(status).toBe(200);
    return body as Tokens;
  };

  it('seals everything anew and ends no session: old, then new and old, then new alone', async () => {
    let tokens: Tokens;
    await withServer(OLD, async () => {
      await rotateSigningKey();
      tokens = await signIn('alice');
      await rotateSigningKey();
      await rotation.rotateRefreshKey();
      expect(await sealedBy()).toEqual(new Set(['old']));
    });
    await withServer(`${NEW},${OLD}`, async () => {
      expect(await sealedBy()).toEqual(new Set(['new']));
      tokens = await expectAlive(tokens);
    });
    await withServer(NEW, async () => {
      tokens = await expectAlive(tokens);
      await expectAlive(await signIn('alice'));
    });
  });

  it('leaves nothing behind that the old one opens, not even of keys that are out of use', async () => {
    await withServer(NEW, async () => {
      await rotation.revokeSigningKey((await keysNow())['current']![0]!);
      await retireAge(ACCESS_TTL_SECONDS + MARGIN_SECONDS + 5);
      await server.sql(`update secret_keys set retire_after = now() - interval '1 day' where retire_after is not null`);
      await rotation.rotateIfDue();
      const { revoked, retired } = await keysNow();
      expect([revoked, retired]).not.toContain(undefined);
    });
    await withServer(`${NEWER},${NEW}`, async () => {
      expect(await sealedBy()).toEqual(new Set(['newer']));
    });
  });

  it.each([
    ['another id', `other:${Buffer.alloc(32, 9).toString('base64')}`],
    ['the same id and other bytes', `newer:${Buffer.alloc(32, 8).toString('base64')}`],
    ['one that was taken out of use', OLD],
  ])('does not start with a wrong one: %s', async (_what, masterKeys) => {
    const starting = startServerOf(
      loadSettings({
        NODE_ENV: 'test',
        PORT: '0',
        MASTER_KEYS: masterKeys,
        WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
        DATABASE_URL: database.url,
      }),
      createLogger('silent'),
    );
    const error: unknown = await starting.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(/MASTER_KEYS: .*"newer"/);
    expect((error as Error).message).not.toContain(masterKeys.split(':')[1]);
  });

  it('starts with the right one after all that, and nobody was signed out', async () => {
    await withServer(NEWER, async () => {
      const [row] = await server.sql('select count(*)::int as ended from sessions where revoked_at is not null');
      expect(row).toEqual({ ended: 0 });
      expect((await server.signIn('alice')).body).toMatchObject({ status: 'signed_in', isNewUser: false });
    });
  });
});

/** Every sealed private half and secret. Keys out of use may have given theirs up. */
async function sealedRows(from: TestServer): Promise<SealedRow[]> {
  const rows = await from.sql<SealedRow>(
    `select kid as row, private_key_sealed as sealed from signing_keys
     union all select purpose || '|' || version, secret_sealed from secret_keys`,
  );
  return rows.filter(({ sealed }) => sealed.length > 0);
}

// Format (1 byte), length of the master key's id (1), id, nonce (12).
function nonceOf(sealed: Buffer): Buffer {
  const nonceAt = 2 + sealed[1]!;
  return sealed.subarray(nonceAt, nonceAt + 12);
}

function privateScalarOf(pkcs8: Buffer): Buffer {
  const { d } = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
  return Buffer.from(d!, 'base64url');
}

function spellingsOf(secret: Buffer): string[] {
  return [secret.toString('hex'), secret.toString('base64'), secret.toString('base64url'), secret.toString('latin1')];
}

/** Every row of every table of ours, as text; bytes in hex. */
async function everythingIn(from: TestServer): Promise<string> {
  const tables = await from.sql<{ name: string }>(
    `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    for (const { text } of await from.sql<{ text: string }>(`select row_to_json(t)::text as text from ${name} t`))
      texts.push(text);
  }
  expect(tables.length).toBeGreaterThan(5);
  return texts.join('\n');
}
