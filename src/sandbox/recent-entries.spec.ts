import { RecentEntries } from './recent-entries.js';

describe('RecentEntries', () => {
  const filled = (max: number, count: number): RecentEntries<number> => {
    const entries = new RecentEntries<number>(max);
    for (let index = 0; index < count; index += 1) entries.set(`key ${index}`, index);
    return entries;
  };

  it('remembers at least as many as it promises', () => {
    const entries = filled(10, 25);
    for (let index = 15; index < 25; index += 1) expect(entries.get(`key ${index}`)).toBe(index);
  });

  it('forgets the oldest, so that it never holds more than twice as many', () => {
    const entries = filled(10, 1000);
    const held = Array.from({ length: 1000 }, (_entry, index) => entries.get(`key ${index}`)).filter(
      (one) => one !== null,
    );
    expect(held.length).toBeLessThanOrEqual(20);
    expect(entries.get('key 0')).toBeNull();
  });

  it('keeps an entry that is set again', () => {
    const entries = filled(10, 10);
    for (let index = 10; index < 100; index += 1) {
      entries.set(`key ${index}`, index);
      entries.set('key 0', 0);
    }
    expect(entries.get('key 0')).toBe(0);
  });
});
