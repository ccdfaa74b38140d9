import { measure } from './measure.mjs';
import { median } from './statistics.mjs';

/**
 * Measures everybody in turn, and all of them again for each round, so that whatever else the machine does falls on all.
 *
 * @param participants pairs of a subject and its running server
 * @returns one cell a participant: medians of all rounds, and the rounds themselves
 */
export async function measureInTurn(participants, load, { rounds, beforeEach = async () => {}, ...job }) {
  const samples = participants.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, [subject, running]] of participants.entries()) {
      await beforeEach(running);
      samples[index].push(await measure(subject, running, load, job).catch(failedSample));
      process.stderr.write('.');
    }
  }
  process.stderr.write('\n');
  return participants.map(([{ name, kind, notes }], index) =>
    cellOf({ name, kind, note: notes?.[load] ?? '' }, samples[index]),
  );
}

/** How many times as many requests as the other, round by round, and the median of that; null when one of them failed. */
export function ratioOf(cell, other) {
  const pairs = cell.samples.map(({ perSecond }, round) => [perSecond, other.samples[round].perSecond]);
  return median(pairs.map(([ours, theirs]) => (ours && theirs ? ours / theirs : null)));
}

/** One that fails spoils its own cell, and not a run of a quarter of an hour. */
function failedSample(error) {
  return { perSecond: null, errors: 1, errorSamples: [error.stack] };
}

function cellOf(subject, samples) {
  const of = (field) => samples.map((sample) => sample[field] ?? null);
  return {
    ...subject,
    perSecond: median(of('perSecond')),
    perSecondMin: extreme(Math.min, of('perSecond')),
    perSecondMax: extreme(Math.max, of('perSecond')),
    p50: median(of('p50')),
    p99: median(of('p99')),
    serverCpu: median(of('serverCpu')),
    postgresCpu: median(of('postgresCpu')),
    generatorShare: median(of('generatorShare')),
    errors: of('errors').reduce((sum, errors) => sum + errors, 0),
    errorSamples: samples.flatMap(({ errorSamples }) => errorSamples).slice(0, 3),
    samples,
  };
}

function extreme(of, numbers) {
  const known = numbers.filter((number) => number !== null);
  return known.length > 0 ? of(...known) : null;
}
