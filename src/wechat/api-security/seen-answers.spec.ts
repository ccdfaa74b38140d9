import { SeenAnswers } from './seen-answers.js';

const LIFETIME_MS = 600_000;

describe('answers that were seen', () => {
  it('are known for their whole lifetime, whenever it began', () => {
    for (const offset of [0, 1, LIFETIME_MS / 2, LIFETIME_MS - 1]) {
      const seen = new SeenAnswers(LIFETIME_MS);
      seen.add('first', 0);
      expect(seen.add('answer', offset)).toBe(true);
      for (const later of [0, 1, LIFETIME_MS / 2, LIFETIME_MS]) expect(seen.add('answer', offset + later)).toBe(false);
    }
  });

  it('are forgotten after twice that time', () => {
    const seen = new SeenAnswers(LIFETIME_MS);
    seen.add('answer', 0);
    seen.add('another', LIFETIME_MS);
    expect(seen.add('answer', 2 * LIFETIME_MS)).toBe(true);
    const quiet = new SeenAnswers(LIFETIME_MS);
    quiet.add('answer', 0);
    expect(quiet.add('answer', 2 * LIFETIME_MS)).toBe(true);
  });
});
