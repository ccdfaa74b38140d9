import { verdict } from './goals.mjs';
import { measure } from './measure.mjs';
import { residentBytesOf } from './proc.mjs';
import { SUBJECTS, startOurs } from './subjects.mjs';
import { layOut, number } from './table.mjs';

// A minute of each in turn.
const LOADS = ['session', 'refresh', 'signin'];
// Compilers and caches fill up first; what counts comes after.
const SETTLING_SHARE = 1 / 3;
const GROWS_AT_MOST = 0.01;

/** The memory of a server of its own under load, minute by minute. Megabytes. */
export async function measureMemory(stage, { minutes, ...job }) {
  const [subject] = SUBJECTS;
  if (residentBytesOf(process.pid) === null) throw new Error('--only memory needs a system with /proc');
  const running = await startOurs(stage, { name: 'memory', users: job.users });
  const samples = [];
  for (let minute = 0; minute < minutes; minute += 1) {
    const load = LOADS[minute % LOADS.length];
    const { perSecond, errors } = await measure(subject, running, load, { ...job, warmupSeconds: 0, seconds: 60 });
    samples.push({ load, perSecond, errors, megabytes: residentBytesOf(running.pid) / 2 ** 20 });
    process.stderr.write('.');
  }
  process.stderr.write('\n');
  const counted = samples.slice(Math.floor(minutes * SETTLING_SHARE));
  return { minutes, samples, growthAnHour: growthAnHour(counted.map(({ megabytes }) => megabytes)) };
}

export function memoryTable({ samples }) {
  const rows = samples.map(({ load, megabytes }, minute) => [String(minute + 1), load, number(megabytes, 0)]);
  return `\nMemory under load\n${layOut([['minute', 'load', 'MB'], ...rows])}`;
}

export function judgeMemory({ minutes, growthAnHour: growth }) {
  return [verdict(`memory: growth an hour, seen for ${minutes} minutes`, growth, '<=', GROWS_AT_MOST)];
}

/** The slope of the line through minutely figures, in relation to their mean. */
function growthAnHour(figures) {
  const meanOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const [middle, mean] = [(figures.length - 1) / 2, meanOf(figures)];
  const rise = figures.reduce((sum, figure, minute) => sum + (minute - middle) * (figure - mean), 0);
  const run = figures.reduce((sum, _figure, minute) => sum + (minute - middle) ** 2, 0);
  return ((rise / run) * 60) / mean;
}
