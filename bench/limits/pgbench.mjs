import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findBinaries, queryOnce } from '../database.mjs';
import { percentile } from '../statistics.mjs';

const run = promisify(execFile);

// One transaction in ten is logged with its time: enough for a percentile, and cheap.
const LOGGED_SHARE = 0.1;

/** Whether this machine has pgbench; Debian's package of the PostgreSQL server brings it. */
export function hasPgbench() {
  return findBinaries('pgbench') !== null;
}

// Connecting counts as part of the time, and takes longer than that on a busy machine.
const TRIES = 4;

/** Runs a script of pgbench, prepared, each client on a connection of its own; longer when nothing got done. */
export async function pgbench({ seconds, ...job }) {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const sample = await runOnce({ seconds: seconds * tries, ...job });
    if (sample.requests > 0) return sample;
  }
  throw new Error('pgbench gets nothing done: this machine is too busy to measure anything.');
}

async function runOnce({ directory, databaseUrl, script, clients, seconds, variables }) {
  const logs = mkdtempSync(join(directory, 'pgbench-'));
  const given = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`]);
  const options = ['-n', '-M', 'prepared', '-c', clients, '-j', Math.min(2, clients), '-T', seconds, '-f', script];
  const logging = ['-l', '--log-prefix', join(logs, 'log'), '--sampling-rate', LOGGED_SHARE];
  const command = join(findBinaries('pgbench'), 'pgbench');
  const everything = [...options, ...logging, ...given, databaseUrl].map(String);
  const { stdout } = await run(command, everything, { timeout: (seconds + 60) * 1000 });
  const number = (pattern) => Number(pattern.exec(stdout)?.[1] ?? NaN);
  const requests = number(/transactions actually processed: (\d+)/);
  const latencies = readdirSync(logs)
    .flatMap((file) => latenciesIn(join(logs, file)))
    .sort((a, b) => a - b);
  return {
    requests,
    perSecond: number(/tps = ([\d.]+)/),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    errors: number(/failed transactions: (\d+)/),
    errorSamples: [],
  };
}

/** Puts the sessions that `rotation.sql` changes back to where a sign-in leaves them. */
export async function resetRotation(databaseUrl) {
  await queryOnce(
    databaseUrl,
    `update sessions set generation = 0, fork = 0, parent_fork = null, retired_generations = '{}', retired_forks = '{}',
       retired_at = '{}' where id < '018f0000-0000-7002-8000-000000001000'`,
  );
}

/** Milliseconds of the logged transactions; the third column of pgbench's log is in microseconds. */
function latenciesIn(file) {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => Number(line.split(' ')[2]) / 1000);
}
