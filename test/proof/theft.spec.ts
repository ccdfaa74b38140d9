import fc from 'fast-check';
import { PROOF_TIMEOUT_MS, times } from '../support/refresh-counts.js';
import { RefreshStage } from '../support/refresh-stage.js';
import { playTheft, type Theft, type Turn } from '../support/refresh-theft.js';
import { rotateBy } from '../support/refresh-variants.js';
import { describeOnPostgres } from '../support/test-database.js';

const RUNS = times(6, 200);
const REFUSED_WITHIN_MS = 3000;
// Longer than a late duplicate is forgiven.
const LATER = [125, 180, 7200, 43_200];
const SOONER = [0, 5, 60, 115];

const server = fc.constantFrom<0 | 1>(0, 1);
const party = fc.constantFrom<Turn['party']>('victim', 'thief');
const before = fc.array(fc.boolean(), { maxLength: 4 });
const other = { victim: 'thief', thief: 'victim' } as const;

/** Both go on refreshing, by turns, each turn long after the one before. */
const byTurns = fc
  .tuple(party, fc.array(fc.record({ after: fc.constantFrom(...LATER), server }), { minLength: 6, maxLength: 6 }))
  .map(([first, turns]) => turns.map((turn, index) => ({ ...turn, party: index % 2 === 0 ? first : other[first] })));

/** Anybody at any time, at last by turns, so that both have gone on. */
const anyhow = fc
  .tuple(
    fc.array(fc.record({ after: fc.constantFrom(...SOONER, ...LATER), server, party }), { maxLength: 12 }),
    byTurns,
  )
  .map(([turns, atLast]): Turn[] => [...turns, ...atLast]);

/** The same for parties without a nonce: from one to the other more than 120 s pass, for one alone any time. */
const anyhowApart = anyhow.map((turns) =>
  turns.map((turn, index) =>
    turns[index - 1]?.party === turn.party ? turn : { ...turn, after: Math.max(turn.after, LATER[0]!) },
  ),
);

describeOnPostgres('a thief who copies everything a client has stored', () => {
  let stage: RefreshStage;
  let urls: readonly [string, string];
  const most = { successes: 0, rows: 0, refusedMs: 0 };

  beforeAll(async () => {
    stage = await RefreshStage.set();
    urls = [await stage.startProcess(), await stage.startProcess()];
  }, PROOF_TIMEOUT_MS);
  afterAll(async () => {
    await stage.close();
    console.info(
      `At most ${most.successes} refreshes of one party by turns, ${most.rows} rows of refreshes of one party in any order; ` +
        `refused everywhere within ${Math.round(most.refusedMs)} ms`,
    );
  });

  it.each([
    ['with a nonce', true],
    ['without a nonce', false],
  ])(
    'is seen before either party refreshes a third time, when both go on by turns, %s',
    async (_how, nonce) => {
      await fc.assert(
        fc.asyncProperty(before, byTurns, async (early, turns) => {
          const theft = await steal(nonce, early, turns);
          most.successes = Math.max(most.successes, ...Object.values(theft.successes));
          expect(theft.revoked).toBe(true);
          expect(theft.successes.victim).toBeLessThanOrEqual(2);
          expect(theft.successes.thief).toBeLessThanOrEqual(2);
        }),
        { numRuns: RUNS },
      );
    },
    PROOF_TIMEOUT_MS,
  );

  it.each([
    ['with a nonce, whoever refreshes when', true, anyhow],
    ['without a nonce, when more than 120 s lie between the two', false, anyhowApart],
  ])(
    'is seen before the refreshing goes back and forth a third time, %s',
    async (_how, nonce, schedule) => {
      await fc.assert(
        fc.asyncProperty(before, schedule, async (early, turns) => {
          const theft = await steal(nonce, early, turns);
          most.rows = Math.max(most.rows, ...Object.values(theft.rows));
          expect(theft.revoked).toBe(true);
          expect(theft.rows.victim).toBeLessThanOrEqual(2);
          expect(theft.rows.thief).toBeLessThanOrEqual(2);
        }),
        { numRuns: RUNS },
      );
    },
    PROOF_TIMEOUT_MS,
  );

  it.each([
    ['with a nonce', true],
    ['without a nonce', false],
  ])(
    'is never seen where there is none: %s',
    async (_how, nonce) => {
      await fc.assert(
        fc.asyncProperty(before, anyhow, async (early, turns) => {
          const session = await stage.http.open(urls[0], stage.wechat);
          const alone = turns.map((turn): Turn => ({ ...turn, party: 'victim' }));
          const life = await playTheft(stage.http, urls, session, { nonce, before: early, turns: alone });
          expect(life).toMatchObject({ revoked: false, successes: { victim: turns.length, thief: 0 } });
          for (const url of urls) expect(await stage.http.refusalOf(url, life.accessTokens.at(-1)!)).toBeNull();
        }),
        { numRuns: RUNS },
      );
    },
    PROOF_TIMEOUT_MS,
  );

  it('stays unseen where the parent always works, so something is shown here', async () => {
    const weak = await stage.startApp();
    rotateBy('parent for ever', weak.app);
    await fc.assert(
      fc.asyncProperty(before, byTurns, async (early, turns) => {
        const session = await stage.http.open(weak.url, stage.wechat);
        const plan = { nonce: true, before: early, turns };
        const theft = await playTheft(stage.http, [weak.url, weak.url], session, plan);
        expect(theft).toMatchObject({ revoked: false, successes: { victim: 3, thief: 3 } });
      }),
      { numRuns: 10 },
    );
  });

  /** Plays it, and when it was seen expects that nothing of the session works any more, at either server. */
  async function steal(nonce: boolean, early: boolean[], turns: readonly Turn[]): Promise<Theft> {
    const session = await stage.http.open(urls[0], stage.wechat);
    const theft = await playTheft(stage.http, urls, session, { nonce, before: early, turns });
    if (!theft.revoked) return theft;
    const startedAt = performance.now();
    for (const url of urls) {
      for (const token of theft.accessTokens) await refused(url, token, startedAt + REFUSED_WITHIN_MS);
    }
    most.refusedMs = Math.max(most.refusedMs, performance.now() - startedAt);
    for (const [index, token] of theft.refreshTokens.entries()) {
      expect(await stage.http.refresh(urls[index as 0 | 1], token, null)).toEqual({
        status: 401,
        code: 'REFRESH_TOKEN_REUSED',
      });
    }
    return theft;
  }

  async function refused(url: string, accessToken: string, deadline: number): Promise<void> {
    for (;;) {
      const code = await stage.http.refusalOf(url, accessToken);
      if (code !== null) {
        expect(code).toBe('SESSION_EXPIRED');
        return;
      }
      if (performance.now() > deadline) throw new Error(`an access token still works after ${REFUSED_WITHIN_MS} ms`);
    }
  }
});
