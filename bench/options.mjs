import { parseArgs } from 'node:util';
import { LOADS } from './loads.mjs';

const USAGE = `npm run bench -- [options]
  --quick            the smoke: few peers, short rounds, half of each goal
  --only a,b         loads: ${Object.keys(LOADS).join(', ')}; also lone, growth, memory
  --seconds n        measured seconds of a round (4)
  --rounds n         rounds (3)
  --connections n    connections of the load generator (64)
  --users n          users known before (50000)
  --growth n         users of the large database (1000000)
  --minutes n        of load while memory is watched (60); only with --only memory
  --workers n        measures the server with n workers, too
  --against folder   measures the build in another checkout, too, and compares lone requests with it`;

const FULL = { seconds: 4, rounds: 3, warmupSeconds: 1.5, users: 50_000 };
const QUICK = { seconds: 2, rounds: 3, warmupSeconds: 1, users: 2_000 };
const EXTRAS = ['lone', 'growth', 'memory'];
// An hour by itself, so it is done when it is asked for.
const ON_DEMAND = ['memory'];

/** @throws Error that says what is wrong, and how it is used */
export function readOptions(args) {
  try {
    return parse(args);
  } catch (error) {
    throw new Error(`${error.message}\n\n${USAGE}`);
  }
}

function parse(args) {
  const text = { type: 'string' };
  const names = ['only', 'seconds', 'rounds', 'connections', 'users', 'growth', 'minutes', 'workers', 'against'];
  const options = {
    quick: { type: 'boolean', default: false },
    ...Object.fromEntries(names.map((name) => [name, text])),
  };
  const { values } = parseArgs({ args, options });
  const defaults = values.quick ? QUICK : FULL;
  const everything = values.quick
    ? ['session', 'refresh']
    : [...Object.keys(LOADS), ...EXTRAS.filter((extra) => !ON_DEMAND.includes(extra))];
  const only = values.only?.split(',') ?? everything;
  const unknown = only.filter((name) => !(name in LOADS) && !EXTRAS.includes(name));
  if (unknown.length > 0) throw new Error(`--only: there is no load ${unknown.join(', ')}`);
  return {
    quick: values.quick,
    only,
    seconds: whole('seconds', values.seconds ?? defaults.seconds),
    rounds: whole('rounds', values.rounds ?? defaults.rounds),
    warmupSeconds: defaults.warmupSeconds,
    connections: whole('connections', values.connections ?? 64),
    users: whole('users', values.users ?? defaults.users, 1000),
    growth: whole('growth', values.growth ?? 1_000_000, 20_000),
    minutes: whole('minutes', values.minutes ?? 60, 3),
    workers: whole('workers', values.workers ?? 1),
    against: values.against ?? null,
  };
}

function whole(name, value, least = 1) {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < least) throw new Error(`--${name}: a whole number from ${least}`);
  return number;
}
