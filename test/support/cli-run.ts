import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './repository.js';

const CLI = join(ROOT, 'dist/cli/main.js');
const MAIN = join(ROOT, 'dist/main.js');
// Far more than any command takes; what runs into it does not end by itself.
const PATIENCE_MS = 20_000;

/** What a command left behind. */
export interface CliResult {
  /** null when it had to be killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the built program, as an operator would, and waits until it ends by itself. */
export function runCli(args: readonly string[], environment: NodeJS.ProcessEnv, cwd: string): Promise<CliResult> {
  const options = { cwd, env: { PATH: process.env['PATH'], ...environment }, timeout: PATIENCE_MS };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [CLI, ...args], options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
    child.stdin!.end();
  });
}

/** Starts the built server in a folder, as somebody does who has just installed it: embedded database, sandbox, no settings. */
export async function serveFolder(cwd: string): Promise<{ url: string; stop(): Promise<void> }> {
  const env = { PATH: process.env['PATH'], PORT: await freePort(), RATE_LIMIT: 'off' };
  const child = spawn(process.execPath, [MAIN], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const listens = new Promise<string>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.includes('"msg":"listening"')) resolve((JSON.parse(line) as { url: string }).url);
    });
  });
  const url = await Promise.race([listens, exited.then(() => null)]);
  if (url === null) throw new Error(`the server did not start: ${errors}`);
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** A port that nobody listens on, for who has to know it beforehand. */
export async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}
