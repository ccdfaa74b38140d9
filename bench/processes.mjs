import { fork, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { createServer } from 'node:net';
import { readFileSync } from 'node:fs';
import { treeOf } from './proc.mjs';

const READY_MS = 60_000;
const STOP_MS = 5_000;
const running = new Set();

/** Starts a program of ours; its output goes into a file that is quoted when it does not get ready. */
export function start(command, args, { logFile, ...options }) {
  const log = openSync(logFile, 'a');
  return watched(spawn(command, args, { stdio: ['ignore', log, log], ...options }));
}

/** Starts a module of ours that is talked to by messages. */
export function startModule(file) {
  return watched(fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
}

/** Starts a server that listens on the given port, and answers when `path` does. */
export async function startServer(command, args, { port, path, ...options }) {
  const child = start(command, args, options);
  const origin = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + READY_MS;
  while (!(await answers(`${origin}${path}`))) {
    if (hasEnded(child) || performance.now() > deadline) {
      await stop(child);
      throw new Error(`${args.at(-1)} does not start:\n${readFileSync(options.logFile, 'utf8').slice(-4000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { child, pid: child.pid, origin };
}

/** Asks a process of ours to end, and ends it with everything it has started when it does not. */
export async function stop(child, signal = 'SIGTERM') {
  if (hasEnded(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => kill(child), STOP_MS);
  await ended;
  clearTimeout(timer);
}

/** Ends at once everything that this process has started. */
export function killAll() {
  for (const child of running) kill(child);
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function watched(child) {
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

function kill(child) {
  if (hasEnded(child)) return;
  for (const pid of treeOf(child.pid).reverse()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

async function answers(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => null);
  return answer?.ok ?? false;
}
