import fc from 'fast-check';
import { HONEST } from '../support/refresh-client.js';
import { PROOF_TIMEOUT_MS, times } from '../support/refresh-counts.js';
import type { JourneyOptions } from '../support/refresh-journey.js';
import { journeys, travel } from '../support/refresh-steps.js';
import { RefreshStage } from '../support/refresh-stage.js';
import { rotateBy, type Variant } from '../support/refresh-variants.js';
import type { TestApp } from '../support/test-app.js';
import { describeOnPostgres } from '../support/test-database.js';

const STEPS_MAX = 40;
const RUNS = times(100, 5000);
// What a variant that loses sessions gets to lose one.
const CONTROL_RUNS = 200;

// Every step of every run goes over HTTP to the whole server, and every answer comes from a real row.
describeOnPostgres('a client that keeps to the refresh protocol', () => {
  let stage: RefreshStage;
  let server: TestApp;

  beforeAll(async () => {
    stage = await RefreshStage.set();
    server = await stage.startApp();
  });
  afterAll(() => stage.close());

  const property = (target: TestApp, options: JourneyOptions) =>
    fc.asyncProperty(journeys(STEPS_MAX), async (steps) => {
      const session = await stage.http.open(target.url, stage.wechat);
      await travel(stage.http.serve(target.url, session), steps, options);
    });

  it(
    'never loses its session, however many refresh at once, when it sends a nonce',
    () => fc.assert(property(server, { tabs: 2 }), { numRuns: RUNS }),
    PROOF_TIMEOUT_MS,
  );

  it(
    'never loses its session, one refresh at a time, when it sends none',
    () => fc.assert(property(server, { tabs: 1, habits: { ...HONEST, nonce: false } }), { numRuns: RUNS }),
    PROOF_TIMEOUT_MS,
  );

  describe.each<Variant>(['strict', 'window'])('on a server with %s rotation', (variant) => {
    let weak: TestApp;
    beforeAll(async () => {
      weak = await stage.startApp();
      rotateBy(variant, weak.app);
    });

    it(
      'loses it, so these journeys are hard enough',
      async () => {
        const result = await fc.check(property(weak, { tabs: 2, compared: false }), { numRuns: CONTROL_RUNS });
        expect(result.failed).toBe(true);
        expect(String(result.errorInstance)).toMatch(/session lost/);
        console.info(`${variant} rotation loses a session: ${fc.stringify(result.counterexample)}`);
      },
      PROOF_TIMEOUT_MS,
    );
  });
});
