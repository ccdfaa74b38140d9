import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

/** A PostgreSQL of our own that a test may stop, kill and restart. */
export class PrivateCluster {
  private server: ChildProcess | null = null;

  private constructor(
    private readonly binaries: string,
    private readonly directory: string,
    private readonly port: number,
    private readonly owner: { uid: number; gid: number } | undefined,
  ) {}

  /** Null when this machine has no PostgreSQL binaries, or none that this user may run. */
  static async create(settings: readonly string[] = []): Promise<PrivateCluster | null> {
    const binaries = findBinaries();
    const owner = process.getuid?.() === 0 ? postgresOwner() : undefined;
    if (!binaries || owner === null) return null;
    const directory = mkdtempSync(join(tmpdir(), 'wechat-passport-pg-'));
    if (owner) chownSync(directory, owner.uid, owner.gid);
    execFileSync(join(binaries, 'initdb'), ['-D', join(directory, 'data'), '-U', 'postgres', '-A', 'trust', '-N'], {
      stdio: 'ignore',
      cwd: directory,
      ...owner,
    });
    const cluster = new PrivateCluster(binaries, directory, await freePort(), owner);
    await cluster.start(settings);
    return cluster;
  }

  get url(): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/postgres`;
  }

  async start(settings: readonly string[] = []): Promise<void> {
    const fixed = [`port=${this.port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${this.directory}`];
    const options = [...fixed, ...settings].flatMap((setting) => ['-c', setting]);
    this.server = spawn(join(this.binaries, 'postgres'), ['-D', join(this.directory, 'data'), ...options], {
      stdio: 'ignore',
      cwd: this.directory,
      ...this.owner,
    });
    await this.ready();
  }

  /** Ends the server with this process, whatever ends that. */
  endWithProcess(): void {
    process.once('exit', () => this.server?.kill('SIGQUIT'));
  }

  /** SIGTERM waits for clients, SIGINT is a fast shutdown, SIGQUIT an immediate one, as a crash is. */
  async stop(signal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const { server } = this;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exited = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await exited;
    this.server = null;
  }

  async destroy(): Promise<void> {
    await this.stop('SIGQUIT');
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const client = new Client({ connectionString: this.url });
      try {
        await client.connect();
        return;
      } catch (error) {
        if (attempt === 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }
}

function findBinaries(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  return (
    candidates.find((directory) => existsSync(join(directory, 'initdb')) && existsSync(join(directory, 'postgres'))) ??
    null
  );
}

/** PostgreSQL refuses to run as root; its package makes a user for it. */
export function postgresOwner(): { uid: number; gid: number } | null {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
