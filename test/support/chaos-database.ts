import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { loadDatabaseSettings } from '../../src/config/load-settings.js';
import { runMigrations } from '../../src/database/migrate.js';
import { PrivateCluster } from './private-cluster.js';

const START_ATTEMPTS = 3;

/** A migrated PostgreSQL of a test's own that keeps what it was promised (fsync on) and may be crashed at any time. */
export class ChaosDatabase {
  crashes = 0;

  private constructor(
    private readonly cluster: PrivateCluster,
    private readonly settings: readonly string[],
  ) {}

  /** Null, and said so, where no PostgreSQL can be started. */
  static async create(settings: readonly string[] = []): Promise<ChaosDatabase | null> {
    const cluster = await PrivateCluster.create(settings);
    if (!cluster) {
      console.warn('SKIPPED: no PostgreSQL on this machine that a test may crash. What a crash does is not tested.');
      return null;
    }
    const database = new ChaosDatabase(cluster, settings);
    await runMigrations(loadDatabaseSettings({ DATABASE_URL: cluster.url }));
    return database;
  }

  get url(): string {
    return this.cluster.url;
  }

  async query<Row = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 5000 });
    // Whoever crashes the database cuts this connection too; the query says so.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query(text, values)).rows as Row[];
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Immediate shutdown: no process gets to write anything. What was not flushed is lost. */
  async crash(): Promise<void> {
    this.crashes += 1;
    await this.cluster.stop('SIGQUIT');
  }

  /** Kills the postmaster, which leaves its children to find out by themselves. */
  async kill(): Promise<void> {
    const [row] = await this.query<{ pid: string }>(
      `select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid`,
    );
    this.crashes += 1;
    const pid = Number(row!.pid);
    process.kill(pid, 'SIGKILL');
    while (isAlive(pid)) await sleep(20);
  }

  /** Returns when connections are accepted, which is after recovery. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.cluster.start(this.settings);
        return;
      } catch (error) {
        // Children of a killed postmaster hold its memory until they notice.
        if (attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  async destroy(): Promise<void> {
    await this.cluster.destroy();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
