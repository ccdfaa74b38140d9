import { verdict } from './goals.mjs';
import { measureInTurn } from './rounds.mjs';
import { OURS } from './subjects.mjs';
import { count, layOut, number } from './table.mjs';

const LOADS = ['refresh', 'signin'];
const SECONDS = 2;

// Whoever is alone must not pay for a batch.
const SLOWER_AT_MOST = 1.05;

/** The latency of one connection that has the server to itself, of builds of ours and of limits that do the same work. */
export async function measureLone(participants, job) {
  const cellsByLoad = {};
  for (const load of LOADS) {
    const taking = participants.filter(([{ kind, notes }]) => kind !== 'peer' && load in notes);
    cellsByLoad[load] = await measureInTurn(taking, load, { ...job, connections: 1, seconds: SECONDS });
  }
  return cellsByLoad;
}

export function loneTable(cellsByLoad) {
  const rows = Object.entries(cellsByLoad).flatMap(([load, cells]) =>
    cells.map(({ name, p50, p99, perSecond }) => [load, name, number(p50, 3), number(p99, 3), count(perSecond)]),
  );
  return `\nA lone request (1 connection)\n${layOut([['', '', 'p50 ms', 'p99 ms', 'req/s'], ...rows])}`;
}

/** Compares with the other build, if one was given: one without batching shows what batching costs. */
export function judgeLone(cellsByLoad, other) {
  return Object.entries(cellsByLoad).flatMap(([load, cells]) => {
    const [ours, theirs] = [OURS, other].map((name) => cells.find((cell) => cell.name === name));
    if (!ours || !theirs) return [];
    return [verdict(`${load}: lone p50 / ${other}`, ours.p50 / theirs.p50, '<=', SLOWER_AT_MOST)];
  });
}
