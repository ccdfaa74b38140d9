import { mayHandOver } from './phone-trust.js';

const NOW = new Date('2026-01-31T00:00:00Z');
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);

describe('a fresh proof of a number', () => {
  it.each([
    ['proved yesterday', daysAgo(1), 2, true],
    ['proved on the last day that counts', daysAgo(90), 2, true],
    ['proved the moment after', new Date(daysAgo(90).getTime() - 1), 2, false],
    ['never proved', null, 1, false],
    ['proved years ago, with no other way in', daysAgo(2000), 0, true],
    ['never proved, with no other way in', null, 0, true],
    ['proved in the future of this clock', daysAgo(-1), 2, true],
  ])('of an account that was %s', (_what, provedAt, otherIdentities, expected) => {
    expect(mayHandOver({ provedAt, otherIdentities }, 90, NOW)).toBe(expected);
  });

  it('counts for nothing where numbers are trusted for no time', () => {
    expect(mayHandOver({ provedAt: daysAgo(0.01), otherIdentities: 1 }, 0, NOW)).toBe(false);
  });
});
