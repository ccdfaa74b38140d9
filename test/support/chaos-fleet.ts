import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createLogger } from '../../src/logging/logger.js';
import { startSandbox, type RunningSandbox } from '../../src/sandbox/start-sandbox.js';
import { send } from './chaos-http.js';
import { ServerProcess, type Exit, type LogLine } from './server-process.js';

const START_WITHIN_MS = 60_000;
const RETRY_MS = 200;

/** Several servers that are one service, as the chaos run sees them. */
export interface ChaosService {
  /** Where each listens at this moment; null for one that is not there. */
  readonly urls: readonly (string | null)[];
  /** Plays `wx.login` on the phone of a person. */
  mintCode(person: string): string;
  /** Ends a server without a word. */
  kill(slot: number): Promise<void>;
  /** Brings it back, and returns when it is ready. */
  start(slot: number): Promise<void>;
  close(): Promise<void>;
}

interface Slot {
  server: ServerProcess | null;
  url: string | null;
  starting: Promise<void> | null;
}

/** Processes of the real server on one database, with one WeChat, which is in the process of the test. */
export class ServerFleet implements ChaosService {
  kills = 0;
  /** Starts that failed because the database was away, as an orchestrator would see them. */
  failedStarts = 0;
  /** Ends that nobody had asked for, with what the process said. */
  readonly deaths: string[] = [];
  /** Log lines about an answer that must never be given, or of a level that asks for an operator. */
  readonly alarms: LogLine[] = [];
  readonly events = new Map<string, number>();
  readonly statuses = new Map<number, number>();

  private readonly slots: Slot[];
  private closing = false;

  private constructor(
    size: number,
    readonly wechat: RunningSandbox,
    private readonly environment: NodeJS.ProcessEnv,
  ) {
    this.slots = Array.from({ length: size }, () => ({ server: null, url: null, starting: null }));
  }

  static async start(size: number, databaseUrl: string, environment: NodeJS.ProcessEnv = {}): Promise<ServerFleet> {
    const wechat = await startSandbox({ apps: SANDBOX_APPS, logger: createLogger('silent') });
    const fleet = new ServerFleet(size, wechat, {
      NODE_ENV: 'test',
      PORT: '0',
      HOST: '127.0.0.1',
      PUBLIC_URL: 'http://passport.test',
      MASTER_KEYS: `test:${randomBytes(32).toString('base64')}`,
      WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
      WECHAT_API_BASE_URL: wechat.url,
      DATABASE_URL: databaseUrl,
      DATABASE_POOL_SIZE: '8',
      RATE_LIMIT: 'off',
      DOCS: 'off',
      LOG_LEVEL: 'info',
      ...environment,
    });
    for (let slot = 0; slot < size; slot += 1) await fleet.start(slot);
    return fleet;
  }

  get urls(): readonly (string | null)[] {
    return this.slots.map(({ url }) => url);
  }

  /** Where the servers are, when all are expected to be there. */
  get liveUrls(): string[] {
    return this.urls.filter((url) => url !== null);
  }

  mintCode(person: string): string {
    return this.wechat.sandbox.wxLogin(person).code;
  }

  async kill(slot: number): Promise<void> {
    const { server } = this.slots[slot]!;
    if (!server) return;
    this.kills += 1;
    this.release(slot);
    server.kill('SIGKILL');
    await server.exited;
  }

  start(slot: number): Promise<void> {
    const place = this.slots[slot]!;
    place.starting ??= this.startUntilReady(slot).finally(() => {
      place.starting = null;
    });
    return place.starting;
  }

  /** Asks a server to leave, and says how it did. */
  async stop(slot: number): Promise<Exit & { ms: number }> {
    const server = this.slots[slot]!.server!;
    const since = performance.now();
    this.release(slot);
    server.kill('SIGTERM');
    const exit = await server.exited;
    return { ...exit, ms: performance.now() - since };
  }

  async close(): Promise<void> {
    this.closing = true;
    const { slots } = this;
    for (const { server } of slots) server?.kill('SIGKILL');
    await Promise.all(slots.flatMap(({ server }) => (server ? [server.exited] : [])));
    await Promise.allSettled(slots.flatMap(({ starting }) => (starting ? [starting] : [])));
    await this.wechat.close();
  }

  private async startUntilReady(slot: number): Promise<void> {
    const deadline = performance.now() + START_WITHIN_MS;
    while (!this.slots[slot]!.server && !this.closing) {
      try {
        await this.startOnce(slot);
      } catch (error) {
        if (performance.now() > deadline) throw error;
        this.failedStarts += 1;
        await sleep(RETRY_MS);
      }
    }
  }

  private async startOnce(slot: number): Promise<void> {
    const { process: server, url } = await ServerProcess.start(this.environment, (line) => this.hear(line));
    if (this.closing) {
      server.kill('SIGKILL');
      await server.exited;
      return;
    }
    const place = this.slots[slot]!;
    Object.assign(place, { server, url });
    void server.exited.then(({ code, signal }) => {
      if (this.closing || place.server !== server) return;
      this.release(slot);
      this.deaths.push(
        `server ${slot} ended by itself (code ${code}, signal ${signal}): ${server.errors.slice(-2000)}`,
      );
      // As whoever watches over processes would.
      void this.start(slot).catch((error: unknown) => this.deaths.push(String(error)));
    });
    const isUp = async () => (await send('GET', `${url}/readyz`).catch(() => null))?.status === 200;
    while (place.server === server && !(await isUp())) await sleep(RETRY_MS);
  }

  private release(slot: number): void {
    Object.assign(this.slots[slot]!, { server: null, url: null });
  }

  private hear(line: LogLine): void {
    const { status, event, level, code } = line;
    if (typeof status === 'number') count(this.statuses, status);
    if (typeof event === 'string') count(this.events, event);
    // A start without a database is reported as fatal, and is counted where it is tried.
    if (status === 500 || code === 'INTERNAL' || (level === 'fatal' && line['msg'] !== 'cannot start')) {
      this.alarms.push(line);
    }
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
