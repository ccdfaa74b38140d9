import { join } from 'node:path';
import { cpuSecondsOf } from './proc.mjs';
import { startModule, stop } from './processes.mjs';

const HERE = import.meta.dirname;
// Beyond the seconds asked for: opening connections, signing everybody in, the last answers.
const PREPARATION_MS = 120_000;

/**
 * Measures one subject under one load once.
 *
 * CPU is in microseconds a request, of the server's process with its children and of all of PostgreSQL; null where it
 * cannot be told. Errors count from the first request on, warm-up included.
 */
export async function measure(subject, running, load, { database, ...job }) {
  const cpu = new CpuMeter(running.pid, database);
  if (subject.measure) {
    if (job.warmupSeconds > 0) await subject.measure(running, { ...job, seconds: Math.ceil(job.warmupSeconds) });
    cpu.begin();
    const sample = await subject.measure(running, job);
    cpu.end();
    return { ...sample, ...cpu.perRequest(sample.requests) };
  }
  const protocol = join(HERE, subject.protocol);
  const sample = await generate({ ...job, protocol, load, origin: running.origin }, cpu);
  return { ...sample, ...cpu.perRequest(sample.requests) };
}

/** Has the load generator do one job in a process of its own. */
async function generate(job, cpu) {
  const generator = startModule(join(HERE, 'load/generator.mjs'));
  const limit = setTimeout(() => stop(generator, 'SIGKILL'), PREPARATION_MS + (job.warmupSeconds + job.seconds) * 1000);
  try {
    return await new Promise((resolve, reject) => {
      generator.on('message', ({ event, result, error }) => {
        if (event === 'begin') cpu.begin();
        else if (event === 'end') cpu.end();
        else if (error) reject(new Error(`${job.load} at ${job.protocol}: ${error}`));
        else resolve(result);
      });
      generator.once('exit', (code, signal) => reject(new Error(`the load generator ended with ${code ?? signal}`)));
      generator.send(job);
    });
  } finally {
    clearTimeout(limit);
    await stop(generator);
  }
}

class CpuMeter {
  #used = { server: null, postgres: null };

  constructor(pid, database) {
    this.read = () => ({ server: pid ? cpuSecondsOf(pid) : null, postgres: database.cpuSeconds });
  }

  begin() {
    this.#used = this.read();
  }

  end() {
    const { server, postgres } = this.read();
    this.#used = { server: difference(server, this.#used.server), postgres: difference(postgres, this.#used.postgres) };
  }

  perRequest(requests) {
    const each = (seconds) => (seconds === null || requests === 0 ? null : (seconds * 1e6) / requests);
    return { serverCpu: each(this.#used.server), postgresCpu: each(this.#used.postgres) };
  }
}

function difference(after, before) {
  return after === null || before === null ? null : after - before;
}
