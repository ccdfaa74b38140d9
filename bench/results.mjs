import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, hostname, platform, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { SETTINGS } from './database.mjs';
import { POOL_SIZE } from './subjects.mjs';

const HERE = import.meta.dirname;
const ROOT = resolve(HERE, '..');

/** Everything that somebody needs in order to measure the same again. */
export async function circumstances(database, options) {
  const [{ server_version: version }] = await database.query('show server_version');
  const settings = Object.keys(SETTINGS).concat('fsync', 'synchronous_commit', 'full_page_writes');
  const rows = await database.query('select name, setting, unit from pg_settings where name = any($1)', [settings]);
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', 'HEAD'),
    uncommittedChanges: git('status', '--porcelain', '--', 'src', 'bench') !== '',
    machine: {
      name: hostname(),
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()}`,
    },
    node: process.version,
    postgres: { version, ...Object.fromEntries(rows.map(({ name, setting, unit }) => [name, setting + (unit ?? '')])) },
    packages: { server: dependenciesOf(ROOT), bench: dependenciesOf(HERE) },
    load: { ...options, poolSize: POOL_SIZE },
  };
}

/** Writes what was found to `results/`, and answers the file's name. */
export function writeResults(results) {
  const day = results.date.slice(0, 10);
  const machine = results.machine.name.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  const file = join(HERE, 'results', `${day}-${machine}.json`);
  mkdirSync(join(HERE, 'results'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  return file;
}

function dependenciesOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies;
}

function git(...args) {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}
