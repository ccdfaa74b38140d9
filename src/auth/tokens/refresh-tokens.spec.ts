import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import type { KeyRing } from './key-ring.js';
import { RefreshTokens, type RefreshTokenPoint } from './refresh-tokens.js';

const TOKEN_BYTES = 41;
const MAX_UINT32 = 2 ** 32 - 1;

/** Keys by version, the last of which writes. `later` come to light only when the keys are read again. */
class FakeKeys implements Pick<KeyRing, 'refresh' | 'refreshOf' | 'refreshOfAfterReload'> {
  reloads = 0;

  constructor(
    private readonly known: ReadonlyMap<number, KeyObject>,
    private readonly later: ReadonlyMap<number, KeyObject> = new Map(),
  ) {}

  refresh(): { version: number; secret: KeyObject } {
    const [version, secret] = [...this.known].at(-1)!;
    return { version, secret };
  }

  refreshOf(version: number): KeyObject | undefined {
    return this.known.get(version);
  }

  async refreshOfAfterReload(version: number): Promise<KeyObject | undefined> {
    this.reloads += 1;
    return this.later.get(version);
  }
}

const first = createSecretKey(randomBytes(32));
const second = createSecretKey(randomBytes(32));
const tokensOf = (keys: FakeKeys) => new RefreshTokens(keys as unknown as KeyRing);
const tokens = tokensOf(new FakeKeys(new Map([[1, first]])));

const uint32 = fc.integer({ min: 0, max: MAX_UINT32 });
const point: fc.Arbitrary<RefreshTokenPoint> = fc.record({ sessionId: fc.uuid(), generation: uint32, fork: uint32 });
const somePoint: RefreshTokenPoint = { sessionId: '0190b1e2-7c3d-7a4b-8c5d-6e7f8a9b0c1d', generation: 7, fork: 3 };

describe('a refresh token', () => {
  it('names the point it was written for', async () => {
    await fc.assert(
      fc.asyncProperty(point, async (written) => {
        expect(await tokens.read(tokens.write(written))).toEqual(written);
      }),
    );
  });

  it('is always the same for the same point, and another for another', () => {
    fc.assert(
      fc.property(point, point, (one, other) => {
        expect(tokens.write(one)).toBe(tokens.write({ ...one }));
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(tokens.write(one)).not.toBe(tokens.write(other));
      }),
    );
  });

  it('fits where a token fits', () => {
    expect(tokens.write(somePoint)).toMatch(/^[A-Za-z0-9_-]{55}$/);
  });

  it('is refused with any bit flipped', async () => {
    const both = tokensOf(new FakeKeys(new Map([[0, second], [1, first]]))); // prettier-ignore
    const bytes = Buffer.from(both.write(somePoint), 'base64url');
    expect(bytes).toHaveLength(TOKEN_BYTES);
    for (let bit = 0; bit < TOKEN_BYTES * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
      expect(await both.read(flipped.toString('base64url'))).toBeNull();
    }
    expect(await both.read(bytes.toString('base64url'))).toEqual(somePoint);
  });

  it('is refused cut short, extended, or glued together of two', async () => {
    const [one, other] = [tokens.write(somePoint), tokens.write({ ...somePoint, generation: 8 })];
    for (let length = 0; length < one.length; length += 1) expect(await tokens.read(one.slice(0, length))).toBeNull();
    for (let at = 1; at < one.length; at += 1) {
      const glued = one.slice(0, at) + other.slice(at);
      if (glued !== one && glued !== other) expect(await tokens.read(glued)).toBeNull();
    }
    for (const suffix of ['A', '=', '==', '\n', ' ', '.']) expect(await tokens.read(one + suffix)).toBeNull();
  });

  it('is refused in any spelling but its own', async () => {
    // 255 and 62 in a row make every sign of the alphabet likely.
    const token = tokens.write({ ...somePoint, generation: MAX_UINT32, fork: 0xfbefbefb });
    const bytes = Buffer.from(token, 'base64url');
    const spellings = [
      bytes.toString('base64').replace(/=+$/, ''),
      ...[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= \n'].flatMap((sign) => [
        token.slice(0, -1) + sign,
        sign + token.slice(1),
      ]),
    ];
    const twins = spellings.filter((spelling) => spelling !== token);
    // There are such: Node itself reads them as the same bytes.
    expect(twins.some((twin) => Buffer.from(twin, 'base64url').equals(bytes))).toBe(true);
    for (const twin of twins) expect(await tokens.read(twin)).toBeNull();
  });

  it('is refused when another server wrote it', async () => {
    const foreign = tokensOf(new FakeKeys(new Map([[1, second]])));
    expect(await tokens.read(foreign.write(somePoint))).toBeNull();
  });

  it('lives on when a newer key writes', async () => {
    const old = tokens.write(somePoint);
    const rotated = tokensOf(new FakeKeys(new Map([[1, first], [2, second]]))); // prettier-ignore
    expect(await rotated.read(old)).toEqual(somePoint);
    expect(await tokens.read(rotated.write(somePoint))).toBeNull();
    expect(Buffer.from(rotated.write(somePoint), 'base64url')[0]).toBe(2);
  });

  it('of a key that another instance made is read after looking again', async () => {
    const elsewhere = tokensOf(new FakeKeys(new Map([[2, second]])));
    const keys = new FakeKeys(new Map([[1, first]]), new Map([[2, second]]));
    expect(await tokensOf(keys).read(elsewhere.write(somePoint))).toEqual(somePoint);
    expect(keys.reloads).toBe(1);
  });

  it('that is none costs no look at the database', async () => {
    const keys = new FakeKeys(new Map([[1, first]]));
    const bytes = Buffer.from(tokens.write(somePoint), 'base64url');
    bytes[40] = bytes[40]! ^ 1;
    for (const text of ['', 'x', 'x'.repeat(54), 'x'.repeat(56), '☃'.repeat(55), bytes.toString('base64url')]) {
      expect(await tokensOf(keys).read(text)).toBeNull();
    }
    expect(keys.reloads).toBe(0);
  });

  it('is never made of what somebody made up', async () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary', minLength: 55, maxLength: 55 }),
      fc
        .uint8Array({ minLength: TOKEN_BYTES, maxLength: TOKEN_BYTES })
        .map((b) => Buffer.from(b).toString('base64url')),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await tokens.read(text)).toBeNull();
      }),
    );
  });
});
