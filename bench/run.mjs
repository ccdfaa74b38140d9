// npm run bench: measures the server, its peers and the limits in turn, and prints how they compare. See README.md.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { GOALS, judgeFairness, judgeRatios, verdict } from './goals.mjs';
import { judgeGrowth, growthTable, measureGrowth } from './growth.mjs';
import { LOADS } from './loads.mjs';
import { judgeLone, loneTable, measureLone } from './lone.mjs';
import { readOptions } from './options.mjs';
import { againstName, startParticipants, subjectsFor } from './participants.mjs';
import { killAll } from './processes.mjs';
import { circumstances, writeResults } from './results.mjs';
import { judgeMemory, measureMemory, memoryTable } from './memory.mjs';
import { measureInTurn } from './rounds.mjs';
import { Stage } from './stage.mjs';
import { goalTable, loadTable } from './table.mjs';

const HERE = import.meta.dirname;
const ROOT = resolve(HERE, '..');
// Nothing takes as long unless something hangs, or more was asked for than `npm run bench` does by itself.
const LIMIT_MS = 60 * 60_000;
const QUICK_LIMIT_MS = 10 * 60_000;
const SMALL_USERS = 10_000;

process.once('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

async function main() {
  const options = readOptions(process.argv.slice(2));
  const watching = options.only.includes('memory') ? options.minutes * 60_000 : 0;
  const limit = (options.quick ? QUICK_LIMIT_MS : LIMIT_MS) + watching;
  setTimeout(() => fail(new Error('The benchmark takes too long; something hangs.')), limit).unref();
  build();
  const stage = await Stage.open();
  if (!stage) {
    console.log('SKIPPED: no PostgreSQL. Install one that has initdb, or set DATABASE_URL.');
    process.exitCode = options.quick ? 0 : 1;
    return;
  }
  const verdicts = await measureEverything(stage, options);
  await stage.close();
  conclude(verdicts, options);
}

async function measureEverything(stage, { quick, only, growth, minutes, against, workers, ...options }) {
  const { database } = stage;
  const results = { ...(await circumstances(database, { only, growth, ...options })), loads: {} };
  console.log(
    `${results.machine.cores} cores, Node ${results.node}, PostgreSQL ${results.postgres.version}, ${results.commit}`,
  );

  const loads = Object.keys(LOADS).filter((load) => only.includes(load));
  const asked = only.includes('lone') ? [...loads, 'refresh', 'signin'] : loads;
  const participants = await startParticipants(stage, subjectsFor(asked, { quick, workers, against }), options);
  const job = { ...options, database };
  for (const load of loads) {
    const taking = participants.filter(([{ notes }]) => load in notes);
    results.loads[load] = await measureInTurn(taking, load, job);
    console.log(loadTable(load, results.loads[load]));
  }
  const verdicts = [...judgeRatios(results.loads, quick ? GOALS.map(halve) : GOALS)];
  if (!quick) verdicts.push(...judgeFairness(results.loads));

  if (only.includes('lone')) {
    results.lone = await measureLone(participants, job);
    console.log(loneTable(results.lone));
    if (against) verdicts.push(...judgeLone(results.lone, againstName(against)));
  }
  if (only.includes('growth')) {
    results.growth = await measureGrowth(stage, { ...job, small: SMALL_USERS, large: growth });
    console.log(growthTable(results.growth));
    verdicts.push(...judgeGrowth(results.growth));
  }
  if (only.includes('memory')) {
    results.memory = await measureMemory(stage, { ...job, minutes });
    console.log(memoryTable(results.memory));
    verdicts.push(...judgeMemory(results.memory));
  }
  verdicts.push(...reportErrors(results.loads));
  results.goals = verdicts;
  if (!quick) console.log(`\nWritten: ${writeResults(results)}`);
  return verdicts;
}

/** Noise on a machine of others can halve a figure; less than half of what was asked or reached is a change of the program. */
function halve({ atLeast, reached = atLeast, ...goal }) {
  return { ...goal, atLeast: Math.min(atLeast, reached) / 2 };
}

function reportErrors(loads) {
  const wrong = Object.entries(loads).flatMap(([load, cells]) =>
    cells.filter(({ errors }) => errors > 0).map((cell) => ({ load, ...cell })),
  );
  return wrong.map(({ load, name, errors, errorSamples }) => {
    console.log(`\n${name} gave ${errors} wrong answers to ${load}, such as:\n  ${errorSamples.join('\n  ')}`);
    return verdict(`${load}: wrong answers of ${name}`, errors, '<=', 0);
  });
}

function conclude(verdicts, { quick }) {
  console.log(`\n${goalTable(verdicts)}`);
  const missed = verdicts.filter(({ met }) => !met);
  if (missed.length === 0) return;
  console.log(
    quick
      ? `\n${missed.length} of the ratios above are below HALF of what they should be, measured just now on this machine. Run it again on a quiet machine; if it stays, the program has become slower.`
      : `\n${missed.length} of ${verdicts.length} goals are not met in this run.`,
  );
  if (quick) process.exitCode = 1;
}

function build() {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  if (!existsSync(tsc)) throw new Error('Run npm ci first.');
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit', timeout: 300_000 });
  execFileSync(process.execPath, [tsc, '-p', join(HERE, 'peers/tutorial')], { stdio: 'inherit', timeout: 120_000 });
}

function fail(error) {
  console.error(error.stack);
  process.exit(1);
}

main().then(() => process.exit(), fail);
