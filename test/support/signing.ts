import { createPrivateKey, randomUUID, type KeyObject } from 'node:crypto';
import { SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { Sealer } from '../../src/crypto/sealer.js';
import { TEST_MASTER_KEY, type TestServer } from './test-server.js';

/** The key that a server signs access tokens with. */
export interface ServerKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: { readonly kty: string; readonly crv: string; readonly x: string; readonly y: string };
}

/** Takes the current signing key out of a server's database and opens it with the master key of the tests. */
export async function openServerKey(server: Pick<TestServer, 'sql'>): Promise<ServerKey> {
  const [row] = await server.sql<{ kid: string; public_jwk: ServerKey['publicJwk']; private_key_sealed: Buffer }>(
    `select kid, public_jwk, private_key_sealed from signing_keys where status = 'current'`,
  );
  const { kid, public_jwk: publicJwk, private_key_sealed: sealed } = row!;
  const sealer = new Sealer([{ id: 'test', secret: Buffer.from(TEST_MASTER_KEY, 'base64') }]);
  const pkcs8 = sealer.open(sealed, { table: 'signing_keys', column: 'private_key_sealed', row: kid });
  return { kid, publicJwk, privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }) };
}

/** The claims of a good access token of a test server, an hour long; change one, or take it away with undefined. */
export function claimsWith(changes: Readonly<Record<string, unknown>> = {}): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: 'http://passport.test',
    aud: 'http://passport.test',
    sub: randomUUID(),
    sid: randomUUID(),
    jti: randomUUID(),
    iat: now,
    exp: now + 3600,
    client_id: 'wxsandbox000000001',
    roles: [],
    ...changes,
  };
}

/** Signs claims the way the server does, unless told otherwise. */
export function signToken(
  { kid, privateKey }: Pick<ServerKey, 'kid' | 'privateKey'>,
  claims: JWTPayload = claimsWith(),
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header }).sign(privateKey);
}

/** A token of any header and payload, with whatever stands for its signature. */
export function assembleToken(header: unknown, payload: unknown, signature: string | Buffer = ''): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [part(header), part(payload), Buffer.from(signature).toString('base64url')].join('.');
}
