import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ROOT } from './repository.js';

/** A program of `examples/` in a process of its own. */
export interface ExampleProcess {
  /** Without a trailing slash. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one on a free port, and waits until it says where it is. */
export async function startExample(script: string, environment: NodeJS.ProcessEnv): Promise<ExampleProcess> {
  const env = { PATH: process.env['PATH'], PORT: '0', ...environment };
  const child = spawn(process.execPath, [script], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const listens = new Promise<string>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      const [, url] = / is at (http:\S+)$/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
  const url = await Promise.race([listens, exited.then(() => null)]);
  if (url === null) throw new Error(`${script} ended before it listened`);
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
