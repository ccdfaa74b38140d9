import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './repository.js';

const START_MS = 60_000;
const MAIN = join(ROOT, 'dist/main.js');

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line that the server logged. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The server as it runs in production: `node dist/main.js`, a process that can be killed. */
export class ServerProcess {
  /** Everything that was printed on standard error. */
  errors = '';
  readonly exited: Promise<Exit>;

  private constructor(
    private readonly child: ChildProcess,
    heard: (line: LogLine) => void,
  ) {
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    createInterface(child.stdout!).on('line', (line) => {
      if (line.startsWith('{')) heard(JSON.parse(line) as LogLine);
    });
  }

  /**
   * Starts one in a folder and waits until it listens. It says so at the level `info`, so that must not be silenced.
   *
   * @throws Error when it ends before it listens, with what it printed
   */
  static async start(
    environment: NodeJS.ProcessEnv,
    heard: (line: LogLine) => void = () => undefined,
    cwd = ROOT,
  ): Promise<{ process: ServerProcess; url: string }> {
    const child = spawn(process.execPath, [MAIN], {
      cwd,
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let listening: (url: string) => void = () => undefined;
    const listens = new Promise<string>((resolve) => (listening = resolve));
    let fatal = '';
    const server = new ServerProcess(child, (line) => {
      if (line['msg'] === 'listening') listening(String(line['url']));
      if (line['level'] === 'fatal') fatal = JSON.stringify(line);
      heard(line);
    });
    const timer = setTimeout(() => server.kill('SIGKILL'), START_MS);
    const url = await Promise.race([listens, server.exited.then(() => null)]);
    clearTimeout(timer);
    if (url === null) throw new Error(`the server ended before it listened: ${server.errors}${fatal}`);
    return { process: server, url };
  }

  kill(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.child.kill(signal);
  }

  /** Lets it answer what is in flight and leave. */
  async stop(): Promise<void> {
    this.kill('SIGTERM');
    await this.exited;
  }
}
