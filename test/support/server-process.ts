import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { eventually } from './eventually.js';
import { ROOT, sourceFiles } from './repository.js';
import { TEST_MASTER_KEY } from './test-server.js';

const MAIN = join(ROOT, 'dist/main.js');
// Outside of the checkout, so that nothing is left in it when a build is killed.
const BUILD_LOCK = join(
  tmpdir(),
  `wechat-passport-build-${createHash('sha256').update(ROOT).digest('hex').slice(0, 12)}`,
);
const BUILD_MS = 180_000;
const START_MS = 30_000;
const STOP_MS = 15_000;
// What the server says on its standard output outside production, once it listens.
const LISTENING = /wechat-passport is at (http:\S+)/;

export interface ServerProcessOptions {
  readonly databaseUrl: string;
  /** Where WeChat is; nobody can sign in without it. */
  readonly wechatUrl?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** The server as it is deployed, `node dist/main.js`, in a process of its own that a test may kill. */
export class ServerProcess {
  private address: string | null = null;

  private constructor(
    private readonly child: ChildProcess,
    /** What it has said on standard output and standard error. */
    readonly output: readonly string[],
  ) {}

  /** Starts one on a free port and waits until it is ready. Builds it first when a source is newer. */
  static async start({ databaseUrl, wechatUrl, environment = {} }: ServerProcessOptions): Promise<ServerProcess> {
    await ensureBuilt();
    const output: string[] = [];
    const child = spawn(process.execPath, [MAIN], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'test',
        PORT: '0',
        PUBLIC_URL: 'http://passport.test',
        MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
        WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
        // Port 9 refuses: whoever does not name a WeChat reaches none.
        WECHAT_API_BASE_URL: wechatUrl ?? 'http://127.0.0.1:9',
        DATABASE_URL: databaseUrl,
        RATE_LIMIT: 'off',
        LOG_LEVEL: 'warn',
        ...environment,
      },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
    }
    const server = new ServerProcess(child, output);
    try {
      await eventually('the server is ready', () => server.isReady(), { withinMs: START_MS });
      return server;
    } catch (error) {
      await server.stop('SIGKILL');
      throw new Error(`the server does not start:\n${output.join('')}`, { cause: error });
    }
  }

  /** Where it listens, without a trailing slash. */
  get url(): string {
    return this.address!;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Answers when it is gone. SIGTERM lets it answer what is in flight; if it takes too long, it is killed. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.child.kill(signal);
    try {
      await eventually('the server stops', () => this.hasEnded, { withinMs: STOP_MS });
    } finally {
      this.child.kill('SIGKILL');
    }
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private async isReady(): Promise<boolean> {
    if (this.hasEnded) throw new Error('it has ended');
    this.address ??= LISTENING.exec(this.output.join(''))?.[1] ?? null;
    if (this.address === null) return false;
    const answer = await fetch(`${this.address}/readyz`).catch(() => null);
    return answer?.ok ?? false;
  }
}

/** Builds `dist` unless it is newer than every source. Of several at once, in whichever process, one builds. */
export async function ensureBuilt(): Promise<void> {
  const deadline = performance.now() + BUILD_MS;
  while (isBeingBuilt() || !isBuilt()) {
    if (performance.now() > deadline) throw new Error('the build takes too long');
    if (takeBuildLock()) build();
    else await pause(200);
  }
}

function build(): void {
  try {
    if (isBuilt()) return;
    const startedAt = new Date();
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
    // An incremental build leaves files alone that are still right.
    utimesSync(MAIN, startedAt, startedAt);
  } finally {
    rmSync(BUILD_LOCK, { force: true });
  }
}

function isBuilt(): boolean {
  const newest = Math.max(...sourceFiles().map((path) => statSync(join(ROOT, path)).mtimeMs));
  return existsSync(MAIN) && statSync(MAIN).mtimeMs >= newest;
}

function isBeingBuilt(): boolean {
  try {
    // Signal 0 only asks whether there is such a process; whoever was killed has left its lock behind.
    return process.kill(Number(readFileSync(BUILD_LOCK, 'utf8')), 0);
  } catch {
    return false;
  }
}

function takeBuildLock(): boolean {
  if (isBeingBuilt()) return false;
  try {
    rmSync(BUILD_LOCK, { force: true });
    writeFileSync(BUILD_LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}
