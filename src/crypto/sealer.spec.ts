import { createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { SealError, Sealer, sealedWith } from './sealer.js';

const place = { table: 'signing_keys', column: 'private_key_sealed', row: 'a' };
const key = (id: string) => ({ id, secret: randomBytes(32) });

describe('Sealer', () => {
  it('opens what it sealed, in the same place', () => {
    const sealer = new Sealer([key('k1')]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const secret = Buffer.from(bytes);
        expect(sealer.open(sealer.seal(secret, place), place)).toEqual(secret);
      }),
    );
  });

  it.each([
    ['another table', { ...place, table: 'secret_keys' }],
    ['another column', { ...place, column: 'other' }],
    ['another row', { ...place, row: 'b' }],
  ])('refuses a value moved to %s', (_where, elsewhere) => {
    const sealer = new Sealer([key('k1')]);
    expect(() => sealer.open(sealer.seal(Buffer.from('x'), place), elsewhere)).toThrow(SealError);
  });

  it('refuses a value with any byte changed or cut off', () => {
    const sealer = new Sealer([key('k1')]);
    const sealed = sealer.seal(Buffer.from('secret'), place);
    for (let at = 0; at < sealed.length; at += 1) {
      const damaged = Buffer.from(sealed);
      damaged[at] = damaged[at]! ^ 1;
      expect(() => sealer.open(damaged, place)).toThrow(SealError);
      expect(() => sealer.open(sealed.subarray(0, at), place)).toThrow(SealError);
    }
  });

  it('seals with the first key and opens with all of them', () => {
    const old = key('old');
    const sealed = new Sealer([old]).seal(Buffer.from('x'), place);
    const rotated = new Sealer([key('new'), old]);
    expect(rotated.open(sealed, place).toString()).toBe('x');
    expect(sealedWith(rotated.seal(Buffer.from('x'), place))).toBe('new');
  });

  it('names the master key that is missing', () => {
    const sealed = new Sealer([key('gone')]).seal(Buffer.from('x'), place);
    expect(() => new Sealer([key('other')]).open(sealed, place)).toThrow(
      expect.objectContaining({ reason: 'unknown-master-key', masterKeyId: 'gone' }) as Error,
    );
  });

  it('seals each row with a key of its own, HKDF-SHA256 of the master key', () => {
    const master = key('k1');
    const sealed = new Sealer([master]).seal(Buffer.from('x'), place);
    const rowKey = hkdfSync('sha256', master.secret, '', `wechat-passport/seal/${place.table}/${place.row}`, 32);
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(rowKey), sealed.subarray(4, 16));
    decipher.setAAD(Buffer.from(JSON.stringify([place.table, place.column, place.row])));
    decipher.setAuthTag(sealed.subarray(16, 32));
    expect(Buffer.concat([decipher.update(sealed.subarray(32)), decipher.final()]).toString()).toBe('x');
  });

  it('never makes the same sealed value twice', () => {
    const sealer = new Sealer([key('k1')]);
    const seen = new Set(Array.from({ length: 100 }, () => sealer.seal(Buffer.from('x'), place).toString('hex')));
    expect(seen.size).toBe(100);
  });
});
