// The load generator: a process of its own that is given one job by its parent and answers with one result.
import { pathToFileURL } from 'node:url';
import { flowsOf } from './flows.mjs';
import { HttpConnection } from './http-connection.mjs';
import { LatencyRecord } from './latency-record.mjs';
import { Loop } from './loop.mjs';

// What is in flight when the time is over gets this long.
const LAST_ANSWERS_MS = 10_000;

const WARM_ANSWERS = 3000;
const WARM_UP_MORE = 3;

process.once('message', async (job) => {
  try {
    process.send({ result: await run(job) });
  } catch (error) {
    process.send({ error: error.stack });
  }
  process.disconnect();
});

/**
 * Opens the connections, prepares what each of them needs, warms up, then measures.
 *
 * The parent is told when the measured seconds begin and end, so that it can read the CPU times of the servers.
 */
async function run({ protocol: file, load, origin, connections, warmupSeconds, seconds, ...options }) {
  const { protocol } = await import(pathToFileURL(file));
  const opened = Array.from({ length: connections }, () => new HttpConnection(origin));
  const flows = await flowsOf(load, protocol, opened.map(sender), options);

  const record = new LatencyRecord();
  const loops = opened.map((connection, index) => new Loop(connection, flows[index], record));
  const ended = loops.map((loop) => loop.run());
  await warmUp(record, warmupSeconds);

  process.send({ event: 'begin' });
  const cpuBefore = process.cpuUsage();
  const beganAt = performance.now();
  record.begin();
  await pause(seconds);
  record.end();
  const measuredSeconds = (performance.now() - beganAt) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  process.send({ event: 'end' });

  for (const loop of loops) loop.stop();
  await Promise.race([Promise.all(ended), pause(LAST_ANSWERS_MS / 1000)]);
  for (const connection of opened) connection.close();
  return { ...record.summary(measuredSeconds), generatorShare: (cpu.user + cpu.system) / 1e6 / measuredSeconds };
}

/** Compilers have seen enough after so many answers; a slow server is given more time for them, but not for ever. */
async function warmUp(record, seconds) {
  await pause(seconds);
  const deadline = performance.now() + WARM_UP_MORE * seconds * 1000;
  while (record.answers < WARM_ANSWERS && performance.now() < deadline) await pause(0.1);
}

/** Sends one request and answers what came, for what has to be done before the load. */
function sender(connection) {
  return (request) =>
    new Promise((resolve, reject) =>
      connection.send(request, (status, text, head) => resolve({ status, text, head }), reject),
    );
}

function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000).unref());
}
