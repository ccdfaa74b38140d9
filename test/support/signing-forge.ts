import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { ServerKey } from './signing.js';
import type { TestServer } from './test-server.js';
import { openServerKey } from './signing.js';

export type Members = Record<string, unknown>;

/** Tokens that a server has issued itself. */
export interface GoodTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** What a test gets to forge with: more than any attacker has, so that a token is refused for its one flaw alone. */
export class Forge {
  readonly publicKey: KeyObject;

  private constructor(
    readonly key: ServerKey,
    /** Of a live session. */
    readonly mine: GoodTokens,
    /** Of another live session of the same person. */
    readonly other: GoodTokens,
    private readonly goodClaims: Members,
  ) {
    this.publicKey = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' });
  }

  /** Opens the server's key and signs a person in, twice. */
  static async at(server: TestServer): Promise<Forge> {
    const [mine, other] = [await server.signIn('victim'), await server.signIn('victim')];
    const accessToken = mine.body.tokens.accessToken as string;
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString()) as Members;
    return new Forge(await openServerKey(server), mine.body.tokens, other.body.tokens, claims);
  }

  /** The header of a good token; undefined takes a member away. */
  header(changes: Members = {}): Members {
    return { alg: 'ES256', typ: 'at+jwt', kid: this.key.kid, ...changes };
  }

  /** The claims of a good token of the live session, an hour long; undefined takes one away. */
  claims(changes: Members = {}): Members {
    const now = Math.floor(Date.now() / 1000);
    return { ...this.goodClaims, iat: now, exp: now + 3600, ...changes };
  }

  /** A token as the server makes it, but for the changes: well signed, with its own key. */
  token(claims: Members = {}, header: Members = {}): string {
    return this.ofTexts(JSON.stringify(this.header(header)), JSON.stringify(this.claims(claims)));
  }

  /** A well-signed token whose header and payload are these texts. */
  ofTexts(header: string | Buffer, payload: string | Buffer): string {
    return this.ofParts(encode(header), encode(payload));
  }

  /** A well-signed token whose first two parts are these, as they stand. */
  ofParts(header: string, payload: string): string {
    return `${header}.${payload}.${encode(this.sign(`${header}.${payload}`))}`;
  }

  /** A token of good claims with this header, signed by whatever makes 'signature' of the text to be signed. */
  signedBy(signature: (text: string) => string | Buffer, header: Members = {}): string {
    const text = `${encode(JSON.stringify(this.header(header)))}.${encode(JSON.stringify(this.claims()))}`;
    return `${text}.${encode(signature(text))}`;
  }

  /** The raw signature of the server's own key: r and s, 32 bytes each. */
  sign(text: string): Buffer {
    return es256(text, this.key.privateKey);
  }

  /** Whether the signature of a token is the server's own, whatever else is wrong with it. */
  hasSigned(token: string): boolean {
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const key = { key: this.publicKey, dsaEncoding: 'ieee-p1363' as const };
    return verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
  }
}

export function es256(text: string, key: KeyObject): Buffer {
  return sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
}

export function encode(bytes: string | Buffer): string {
  return Buffer.from(bytes as string).toString('base64url');
}
