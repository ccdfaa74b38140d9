import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  ANY_FORK,
  judgeRefresh,
  MESSAGE_LIFETIME_SECONDS,
  type RefreshState,
  type RefreshVerdict,
} from './judge-refresh.js';

const SESSION = '0192d3a4-0000-7000-8000-000000000001';
const hash = (nonce: string) => createHash('sha256').update(nonce).digest();
const NONCE = hash('the-nonce');
const OTHER_NONCE = hash('another-nonce');
const JUST_BEFORE = MESSAGE_LIFETIME_SECONDS - 0.001;

const at = (generation: number, fork = 0) => ({ sessionId: SESSION, generation, fork });

/** At generation 5; its parent was presented with the nonce; an older child of the same parent was replaced. */
const STATE: RefreshState = {
  generation: 5,
  fork: 1,
  parentFork: 2,
  parentNonceHash: NONCE,
  rotatedSecondsAgo: 10,
  retired: [
    { generation: 5, fork: 0, secondsAgo: 10 },
    { generation: 3, fork: 0, secondsAgo: 130 },
  ],
  expired: false,
  revokeReason: null,
};
const NEW_SESSION: RefreshState = {
  ...STATE,
  generation: 0,
  fork: 0,
  parentFork: null,
  parentNonceHash: null,
  retired: [],
};

describe('judgeRefresh', () => {
  it.each<[string, Partial<RefreshState>, { generation: number; fork: number }, Buffer | null, RefreshVerdict]>([
    ['the newest token', {}, at(5, 1), NONCE, 'use'],
    ['the newest token with another nonce', {}, at(5, 1), OTHER_NONCE, 'use'],
    ['the newest token without a nonce', {}, at(5, 1), null, 'use'],
    ['the first token of a session', NEW_SESSION, at(0), NONCE, 'use'],

    ['the parent with its nonce', {}, at(4, 2), NONCE, 'repeat'],
    ['the parent with its nonce, a month later', { rotatedSecondsAgo: 2_592_000 }, at(4, 2), NONCE, 'repeat'],
    ['the parent without a nonce', {}, at(4, 2), null, 'repeat'],
    ['the parent without a nonce at the last moment', { rotatedSecondsAgo: JUST_BEFORE }, at(4, 2), null, 'repeat'],
    ['the parent with another nonce', {}, at(4, 2), OTHER_NONCE, 'fork'],
    ['the parent without a nonce, too late', { rotatedSecondsAgo: 120 }, at(4, 2), null, 'fork'],
    ['the parent with a nonce that it did not have', { parentNonceHash: null }, at(4, 2), NONCE, 'fork'],
    ['the parent without any nonce', { parentNonceHash: null }, at(4, 2), null, 'repeat'],
    [
      'the parent, which is in the ring as well',
      { retired: [{ ...at(4, 2), secondsAgo: 1 }] },
      at(4, 2),
      NONCE,
      'repeat',
    ],

    ['a token of a later generation', {}, at(6), NONCE, 'fast-forward'],
    ['a token of a much later generation', {}, at(4_294_967_295), null, 'fast-forward'],
    ['a later child of the same parent', {}, at(5, 2), null, 'fast-forward'],

    ['a replaced child, at once', {}, at(5, 0), NONCE, 'superseded'],
    [
      'a grandparent at the last moment',
      { retired: [{ ...at(3), secondsAgo: JUST_BEFORE }] },
      at(3),
      null,
      'superseded',
    ],
    ['a grandparent too late', { retired: [{ ...at(3), secondsAgo: 120 }] }, at(3), null, 'reused'],
    ['an old token that the ring still has', {}, at(3), NONCE, 'reused'],
    ['an old token that the ring has forgotten', {}, at(2), NONCE, 'reused'],
    ['the generation of the parent with another fork', {}, at(4, 0), NONCE, 'reused'],
    ['the generation of the ring with another fork', {}, at(3, 1), NONCE, 'reused'],

    [
      'any fork of a generation that was lost',
      { retired: [{ ...at(3, ANY_FORK), secondsAgo: 1 }] },
      at(3, 7),
      null,
      'superseded',
    ],
    ['the same too late', { retired: [{ ...at(3, ANY_FORK), secondsAgo: 120 }] }, at(3, 7), null, 'reused'],
    [
      'another generation than the lost one',
      { retired: [{ ...at(3, ANY_FORK), secondsAgo: 1 }] },
      at(2),
      null,
      'reused',
    ],

    ['the newest token of an expired session', { expired: true }, at(5, 1), NONCE, 'expired'],
    ['an old token of an expired session', { expired: true }, at(2), NONCE, 'expired'],
    ['a token ahead of an expired session', { expired: true }, at(6), NONCE, 'expired'],
    ['the newest token of a revoked session', { revokeReason: 'signed_out' }, at(5, 1), NONCE, 'revoked'],
    ['an old token of a revoked session', { revokeReason: 'reused' }, at(2), NONCE, 'revoked'],
    [
      'a token of a session revoked and expired',
      { revokeReason: 'replaced', expired: true },
      at(5, 1),
      NONCE,
      'revoked',
    ],
  ])('finds %s', (_what, state, token, nonceHash, verdict) => {
    expect(judgeRefresh({ ...STATE, ...state }, at(token.generation, token.fork), nonceHash)).toBe(verdict);
  });

  describe('of any live session', () => {
    const number = fc.nat({ max: 6 });
    const nonceHash = fc.constantFrom(null, NONCE, OTHER_NONCE);
    const seconds = fc.oneof(fc.constantFrom(0, JUST_BEFORE, MESSAGE_LIFETIME_SECONDS), fc.nat({ max: 400 }));
    const state: fc.Arbitrary<RefreshState> = fc.record({
      generation: number,
      fork: number,
      parentFork: fc.option(number),
      parentNonceHash: nonceHash,
      rotatedSecondsAgo: seconds,
      retired: fc.array(
        fc.record({ generation: number, fork: fc.oneof(number, fc.constant(ANY_FORK)), secondsAgo: seconds }),
        {
          maxLength: 8,
        },
      ),
      expired: fc.constant(false),
      revokeReason: fc.constant(null),
    });
    const token = fc.record({ sessionId: fc.constant(SESSION), generation: number, fork: number });

    it('lets the newest token through, whatever comes with it', () => {
      fc.assert(
        fc.property(state, nonceHash, (one, nonce) => {
          expect(judgeRefresh(one, at(one.generation, one.fork), nonce)).toBe('use');
        }),
      );
    });

    it('gives the parent a child, always', () => {
      fc.assert(
        fc.property(state, number, nonceHash, (one, parentFork, nonce) => {
          const verdict = judgeRefresh({ ...one, parentFork }, at(one.generation - 1, parentFork), nonce);
          expect(['repeat', 'fork']).toContain(verdict);
        }),
      );
    });

    it('gives the parent with the same nonce the same child, and with another one another, at any time', () => {
      fc.assert(
        fc.property(state, number, fc.constantFrom(NONCE, OTHER_NONCE), (one, parentFork, nonce) => {
          const judged = judgeRefresh(
            { ...one, parentFork, parentNonceHash: NONCE },
            at(one.generation - 1, parentFork),
            nonce,
          );
          expect(judged).toBe(nonce === NONCE ? 'repeat' : 'fork');
        }),
      );
    });

    it('finds a token ahead, or behind, never both, and only a token behind may end the session', () => {
      fc.assert(
        fc.property(state, token, nonceHash, (one, presented, nonce) => {
          const verdict = judgeRefresh(one, presented, nonce);
          const order = presented.generation - one.generation || presented.fork - one.fork;
          expect(verdict === 'fast-forward').toBe(order > 0);
          expect(verdict === 'use').toBe(order === 0);
          expect(['repeat', 'fork', 'superseded', 'reused'].includes(verdict)).toBe(order < 0);
        }),
      );
    });

    it('forgives only what the ring has had for less than a message lives', () => {
      fc.assert(
        fc.property(state, token, nonceHash, (one, presented, nonce) => {
          const verdict = judgeRefresh(one, presented, nonce);
          const entry = one.retired.find(
            ({ generation, fork }) =>
              generation === presented.generation && (fork === presented.fork || fork === ANY_FORK),
          );
          const isForgivable = entry !== undefined && entry.secondsAgo < MESSAGE_LIFETIME_SECONDS;
          if (verdict === 'superseded') expect(isForgivable).toBe(true);
          if (verdict === 'reused') expect(isForgivable).toBe(false);
        }),
      );
    });

    it('changes nothing and remembers nothing', () => {
      fc.assert(
        fc.property(state, token, nonceHash, (one, presented, nonce) => {
          const frozen = Object.freeze({ ...one, retired: Object.freeze(one.retired.map(Object.freeze)) });
          const first = judgeRefresh(frozen as RefreshState, Object.freeze(presented), nonce);
          expect(judgeRefresh(frozen as RefreshState, presented, nonce)).toBe(first);
        }),
      );
    });

    it('lets nobody through once the session is over', () => {
      const over = fc.constantFrom<Partial<RefreshState>>({ expired: true }, { revokeReason: 'reused' });
      fc.assert(
        fc.property(state, over, token, nonceHash, (one, end, presented, nonce) => {
          expect(judgeRefresh({ ...one, ...end }, presented, nonce)).toBe(end.expired ? 'expired' : 'revoked');
        }),
      );
    });
  });
});
