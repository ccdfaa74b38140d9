import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { ROOT } from './repository.js';
import { ServerProcess } from './server-process.js';
import { TEST_MASTER_KEY } from './test-server.js';

const CLI = join(ROOT, 'dist/cli/main.js');
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

/** What a command has to know to work on the database of a test server. */
export function environmentBeside(databaseUrl: string): NodeJS.ProcessEnv {
  return {
    DATABASE_URL: databaseUrl,
    MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
    WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
    PUBLIC_URL: 'http://passport.test',
  };
}

/** Starts the built server in a folder, as somebody does who has just installed it: embedded database, sandbox, no settings. */
export async function serveFolder(cwd: string): Promise<{ url: string; stop(): Promise<void> }> {
  const env = { PORT: await freePort(), RATE_LIMIT: 'off' };
  const { process: server, url } = await ServerProcess.start(env, undefined, cwd);
  return { url, stop: () => server.stop() };
}

/** A port that nobody listens on, for who has to know it beforehand. */
export async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}
