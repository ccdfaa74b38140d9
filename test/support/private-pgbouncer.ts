import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from './cli-run.js';
import { eventually } from './eventually.js';
import { postgresOwner } from './private-cluster.js';

/** A pgbouncer of our own, in transaction mode, before one PostgreSQL. */
export interface PrivatePgbouncer {
  /** The same database as the one it was started for, through the pooler. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Whether this machine has one that this user may run. */
export function pgbouncerIsInstalled(): boolean {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'ignore' });
    return postgresOwner() !== null;
  } catch {
    return false;
  }
}

/** Starts one with two connections to the server, so that clients soon meet what others have left on them. */
export async function startPgbouncer(databaseUrl: string): Promise<PrivatePgbouncer> {
  const { hostname, port: serverPort, username, pathname } = new URL(databaseUrl);
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'wechat-passport-pgbouncer-'));
  const file = join(directory, 'pgbouncer.ini');
  writeFileSync(
    file,
    `[databases]
* = host=${hostname} port=${serverPort || '5432'} user=${username || 'postgres'}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 100
ignore_startup_parameters = statement_timeout,lock_timeout,options,extra_float_digits
`,
  );
  // It refuses to run as root, as PostgreSQL does.
  const owner = process.getuid?.() === 0 ? postgresOwner()! : undefined;
  if (owner) [directory, file].forEach((path) => chownSync(path, owner.uid, owner.gid));
  const child = spawn('pgbouncer', ['-q', file], { stdio: 'ignore', cwd: directory, ...owner });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  process.once('exit', () => child.kill('SIGKILL'));
  const url = `postgresql://postgres@127.0.0.1:${port}${pathname}`;
  await eventually('pgbouncer answers', () => answers(url));
  return {
    url,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
