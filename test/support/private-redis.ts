import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createClient } from 'redis';
import { freePort } from './cli-run.js';
import { eventually } from './eventually.js';

/** A Redis of our own that a test may stop and start again. It keeps nothing on disk. */
export class PrivateRedis {
  private server: ChildProcess | null = null;

  private constructor(private readonly port: string) {}

  /** Whether this machine has one. */
  static get isInstalled(): boolean {
    try {
      execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }

  static async start(): Promise<PrivateRedis> {
    const redis = new PrivateRedis(await freePort());
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const options = ['--port', this.port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const server = spawn('redis-server', options, { stdio: 'ignore' });
    this.server = server;
    process.once('exit', () => server.kill('SIGKILL'));
    await eventually('Redis answers', () => this.isUp());
  }

  async stop(): Promise<void> {
    const { server } = this;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exited = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await exited;
  }

  /** The names of everything in it. */
  async keys(): Promise<string[]> {
    const client = createClient({ url: this.url });
    await client.connect();
    const keys = await client.keys('*');
    client.destroy();
    return keys;
  }

  /** Runs one command and answers what Redis answers. */
  async command(...words: string[]): Promise<unknown> {
    const client = createClient({ url: this.url });
    await client.connect();
    try {
      return await client.sendCommand(words);
    } finally {
      client.destroy();
    }
  }

  private async isUp(): Promise<boolean> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.ping()) === 'PONG';
    } catch {
      return false;
    } finally {
      if (client.isOpen) client.destroy();
    }
  }
}

/** `describe` for what only a real Redis can show; skipped, and said so, where there is none. */
export const describeOnRedis = PrivateRedis.isInstalled
  ? describe
  : (name: string, _tests: () => void) => describe.skip(`${name} (skipped: no redis-server on this machine)`, _tests);
