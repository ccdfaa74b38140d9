import { ratioOf } from './rounds.mjs';
import { OURS } from './subjects.mjs';

const FASTEST_PEER = 'the fastest peer';

/**
 * What our server must reach: requests a second in relation to somebody measured in the same run. `reached` is what it has
 * come to on two cores where that is less; raise it when the server does better.
 */
export const GOALS = [
  { load: 'session', against: FASTEST_PEER, atLeast: 6 },
  { load: 'session', against: 'tutorial', atLeast: 25, reached: 14 },
  { load: 'session', against: 'raw Fastify', atLeast: 0.9, reached: 0.5 },
  { load: 'me', against: 'tutorial', atLeast: 10 },
  { load: 'me', against: 'raw Fastify + select', atLeast: 0.8 },
  { load: 'refresh', against: FASTEST_PEER, atLeast: 5.5 },
  { load: 'refresh', against: 'pgbench, one UPDATE', atLeast: 0.9, reached: 0.55 },
  { load: 'signin', against: FASTEST_PEER, atLeast: 4.5 },
  { load: 'signin', against: 'pgbench, sign-in SQL', atLeast: 0.65 },
];

// Under 64 connections nobody waits much longer than the others.
const P99_TO_P50 = 4;

/** Requests a second in relation to others; a goal is left out when somebody it needs was not measured. */
export function judgeRatios(cellsByLoad, goals = GOALS) {
  return goals.flatMap(({ load, against, atLeast }) => {
    const cells = cellsByLoad[load] ?? [];
    const ours = cells.find(({ name }) => name === OURS);
    const other = against === FASTEST_PEER ? fastestPeer(cells) : cells.find(({ name }) => name === against);
    if (!ours || !other) return [];
    const who = against === FASTEST_PEER ? `${FASTEST_PEER} (${other.name})` : against;
    return [verdict(`${load}: times ${who}`, ratioOf(ours, other), '>=', atLeast)];
  });
}

/** Whether everybody is served alike: the slowest of a hundred in relation to the middle. */
export function judgeFairness(cellsByLoad) {
  return Object.entries(cellsByLoad).flatMap(([load, cells]) => {
    const ours = cells.find(({ name }) => name === OURS);
    return ours ? [verdict(`${load}: p99 / p50`, ours.p99 / ours.p50, '<=', P99_TO_P50)] : [];
  });
}

/** A figure, null when it could not be measured, and whether it is on the right side of its bound. */
export function verdict(goal, value, relation, bound) {
  return { goal, value, relation, bound, met: isMet(value, relation, bound) };
}

function isMet(value, relation, bound) {
  if (value === null || Number.isNaN(value)) return false;
  return relation === '>=' ? value >= bound : value <= bound;
}

function fastestPeer(cells) {
  return cells.filter(({ kind }) => kind === 'peer').sort((a, b) => b.perSecond - a.perSecond)[0];
}
