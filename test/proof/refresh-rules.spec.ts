import fc from 'fast-check';
import { HONEST, type ClientHabits } from '../support/refresh-client.js';
import { times } from '../support/refresh-counts.js';
import type { JourneyOptions, ServedSession } from '../support/refresh-journey.js';
import { ReferenceSession, RULES, type RefreshRules } from '../support/refresh-reference.js';
import { journeys, travel } from '../support/refresh-steps.js';

const STEPS_MAX = 40;
const RUNS = times(3000, 100_000);
// The rarest loss below takes some thousand journeys.
const CONTROL_RUNS = 200_000;
// What has to be found is found on every run or on none.
const SEED = 3;

const WITHOUT_NONCE: ClientHabits = { ...HONEST, nonce: false };
const ONE_TAB: JourneyOptions = { tabs: 1, habits: WITHOUT_NONCE };
const TWO_TABS: JourneyOptions = { tabs: 2, habits: HONEST };

/** The reference itself as the server: no database, so many journeys, and rules can be taken away one by one. */
function serveByReference(rules: RefreshRules): ServedSession {
  const session = new ReferenceSession('token-0', rules);
  let now = 0;
  let made = 0;
  return {
    firstToken: 'token-0',
    refresh: async (refreshToken, nonce) => {
      made += 1;
      return session.present(refreshToken, nonce, now, `token-${made}`);
    },
    letPass: async (seconds) => {
      now += seconds;
    },
    rows: async () => 1,
  };
}

const property = (options: JourneyOptions, rules: Partial<RefreshRules> = {}) =>
  fc.asyncProperty(journeys(STEPS_MAX), (steps) =>
    travel(serveByReference({ ...RULES, ...rules }), steps, { ...options, compared: false }),
  );

describe('the rules of the refresh protocol', () => {
  it.each<[string, JourneyOptions]>([
    ['with a nonce, two tabs at once', TWO_TABS],
    ['without a nonce, one refresh at a time', ONE_TAB],
  ])(
    'lose no session: %s',
    async (_who, options) => {
      await fc.assert(property(options), { numRuns: RUNS });
    },
    300_000,
  );

  it.each<[string, JourneyOptions, Partial<RefreshRules>]>([
    ['a parent that works for a while only', TWO_TABS, { parent: 'same child for a while' }],
    ['a parent that never works', TWO_TABS, { parent: 'nothing' }],
    ['a child that is replaced while its answer may be under way', ONE_TAB, { repeatSeconds: 60 }],
    ['a replacement that leaves the time of the rotation alone', ONE_TAB, { forkRotates: false }],
    ['a repeat that leaves the time of the rotation alone', ONE_TAB, { repeatRotates: false }],
    ['a late duplicate that is forgiven too briefly', TWO_TABS, { forgiveSeconds: 60 }],
    ['a ring that forgets too early', TWO_TABS, { ring: 2 }],
  ])(
    'are needed: %s loses one',
    async (_what, options, rules) => {
      await expectLoss(options, rules);
    },
    60_000,
  );

  it.each<[string, JourneyOptions]>([
    ['messages that live longer', { ...TWO_TABS, messageSeconds: 240 }],
    ['a store without compare-and-set', { tabs: 2, habits: { ...HONEST, comparesAndSets: false } }],
    ['many refreshes in a short time', { tabs: 2, habits: { ...HONEST, refreshesMax: 20 } }],
    ['two tabs at once without a nonce', { tabs: 2, habits: WITHOUT_NONCE }],
  ])(
    'assume something of the client and the network: %s lose a session',
    async (_what, options) => {
      await expectLoss(options);
    },
    60_000,
  );

  async function expectLoss(options: JourneyOptions, rules: Partial<RefreshRules> = {}): Promise<void> {
    const result = await fc.check(property(options, rules), { seed: SEED, numRuns: CONTROL_RUNS, endOnFailure: true });
    expect(result.failed).toBe(true);
    expect(String(result.errorInstance)).toMatch(/session lost/);
  }
});
