import { randomBytes } from 'node:crypto';
import type { RevocationFeed } from '../../src/auth/revocation/revocation-feed.js';
import { REVOCATIONS_CHANNEL } from '../../src/auth/revocation/revocations.repository.js';
import { generateEs256Key } from '../../src/auth/tokens/es256-key.js';
import { KeyRing } from '../../src/auth/tokens/key-ring.js';
import type { RefreshKeysRepository } from '../../src/auth/tokens/refresh-keys.repository.js';
import type { SigningKeyStatus } from '../../src/auth/tokens/signing-key.entity.js';
import type { OpenedSigningKey, SigningKeysRepository } from '../../src/auth/tokens/signing-keys.repository.js';
import { Sealer } from '../../src/crypto/sealer.js';
import type { SchemaVersion } from '../../src/database/schema-version.js';
import { createLogger } from '../../src/logging/logger.js';
import type { OpenedSecretKey } from '../../src/secrets/secret-keys.repository.js';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer } from '../support/test-server.js';

const SESSION = '/v1/auth/session';
const WITHIN_MS = 3000;

/** Tables of keys. Whoever reads the second one may have to wait until the test says so. */
class SlowKeys {
  signing: OpenedSigningKey[] = [];
  holdsReaders = false;
  readonly waiting: (() => void)[] = [];

  readonly signingKeys = {
    ensure: () => Promise.resolve(),
    reseal: () => Promise.resolve(),
    load: () => Promise.resolve([...this.signing]),
  } as unknown as SigningKeysRepository;

  readonly refreshKeys = {
    ensure: () => Promise.resolve(),
    reseal: () => Promise.resolve(),
    load: async (): Promise<OpenedSecretKey[]> => {
      if (this.holdsReaders) await new Promise<void>((resolve) => this.waiting.push(resolve));
      return [{ version: 1, secret: randomBytes(32), retiring: false, ageSeconds: 0 }];
    },
  } as unknown as RefreshKeysRepository;
}

function signingKey(status: SigningKeyStatus): OpenedSigningKey {
  const { kid, publicJwk, privateKey } = generateEs256Key();
  return { kid, status, publicJwk, pkcs8: privateKey.export({ format: 'der', type: 'pkcs8' }), statusSeconds: 0 };
}

describe('a signing key that was revoked', () => {
  it('does not come back with a look at the keys that began before', async () => {
    const repository = new SlowKeys();
    const [revoked, next] = [signingKey('current'), signingKey('next')];
    repository.signing = [revoked, next];
    const ring = new KeyRing(
      repository.signingKeys,
      repository.refreshKeys,
      { isCurrent: () => Promise.resolve(true) } as SchemaVersion,
      { onKeysChanged: () => undefined } as unknown as RevocationFeed,
      createLogger('silent'),
    );
    await ring.onApplicationBootstrap();
    expect(ring.verification(revoked.kid)).toBeDefined();

    repository.holdsReaders = true;
    const early = ring.reload();
    await eventually('it has read the old signing keys', () => repository.waiting.length === 1);
    repository.signing = [{ ...next, status: 'current' }, signingKey('next')];
    repository.holdsReaders = false;
    await ring.reload();
    expect(ring.verification(revoked.kid)).toBeUndefined();

    repository.waiting[0]!();
    await early;
    expect(ring.verification(revoked.kid)).toBeUndefined();
    expect(ring.signing().kid).toBe(next.kid);
    ring.onApplicationShutdown();
  });
});

describeOnPostgres('a signing key that was revoked by an instance with a newer master key', () => {
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

  it('is refused here, too, although the keys of today cannot be opened here', async () => {
    const { accessToken: token } = (await server.signIn('alice')).body.tokens as { accessToken: string };
    expect((await server.get(SESSION, { token })).status).toBe(200);

    // What `revokeSigningKey` does, with a next key that only the other instance can open.
    const { kid, publicJwk, privateKey } = generateEs256Key();
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    const elsewhere = new Sealer([{ id: 'elsewhere', secret: randomBytes(32) }]);
    const place = { table: 'signing_keys', column: 'private_key_sealed', row: kid };
    await database.query(
      `with revoked as (
         update signing_keys set status = 'revoked', status_changed_at = now() where status = 'current' returning kid),
       fed as (
         insert into revocations (kind, subject, reason, expires_at)
         select 'key', kid, 'revoked', now() + interval '1 hour' from revoked returning 1)
       select pg_notify('${REVOCATIONS_CHANNEL}', '') from fed`,
    );
    await database.query(`update signing_keys set status = 'current', status_changed_at = now() where status = 'next'`);
    await database.query(
      `insert into signing_keys (kid, status, public_jwk, private_key_sealed) values ($1, 'next', $2, $3)`,
      [kid, publicJwk, elsewhere.seal(pkcs8, place)],
    );
    await database.query(`select pg_notify('${REVOCATIONS_CHANNEL}', '')`);

    const isRefused = async () => (await server.get(SESSION, { token })).status !== 200;
    await eventually('refusal', isRefused, { withinMs: WITHIN_MS });
  });
});
