// The load generator: a process of its own that is given one job by its parent and answers with one result.
import { Client } from 'undici';
import { pathToFileURL } from 'node:url';
import { flowsOf } from './flows.mjs';
import { LoadConnection, send } from './connection.mjs';
import { LatencyRecord } from './latency-record.mjs';

// What is in flight when the time is over gets this long.
const LAST_ANSWERS_MS = 10_000;

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
  const clients = Array.from({ length: connections }, () => new Client(origin, { pipelining: 1 }));
  const senders = clients.map((client) => (request) => send(client, request));
  const flows = await flowsOf(load, protocol, senders, options);

  const record = new LatencyRecord();
  const loaded = clients.map((client, index) => new LoadConnection(client, flows[index], record));
  const ended = loaded.map((connection) => connection.run());
  await pause(warmupSeconds);

  process.send({ event: 'begin' });
  const cpuBefore = process.cpuUsage();
  const beganAt = performance.now();
  record.begin();
  await pause(seconds);
  record.end();
  const measuredSeconds = (performance.now() - beganAt) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  process.send({ event: 'end' });

  for (const connection of loaded) connection.stop();
  await Promise.race([Promise.all(ended), pause(LAST_ANSWERS_MS / 1000)]);
  await Promise.all(clients.map((client) => client.destroy()));
  return { ...record.summary(measuredSeconds), generatorCpuSeconds: (cpu.user + cpu.system) / 1e6 };
}

function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000).unref());
}
