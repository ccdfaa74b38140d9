import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { cpuSecondsOf, parentOf } from './proc.mjs';
import { freePort, start, stop } from './processes.mjs';

// Durability stays as PostgreSQL has it by default. What is set gives every server the same room, and keeps a checkpoint
// from falling into somebody's measured seconds.
export const SETTINGS = {
  max_connections: '300',
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  logging_collector: 'off',
};

const CONNECT_ATTEMPTS = 200;

/** The PostgreSQL that everybody measured uses, each in a database of their own. */
export class Database {
  #server;
  #postmaster = null;

  constructor(url, server) {
    this.url = url;
    this.#server = server;
  }

  /** A private cluster in this directory; null when this machine has no PostgreSQL that this user may run. */
  static async create(directory) {
    const binaries = findBinaries('initdb');
    const owner = process.getuid?.() === 0 ? findOwner() : undefined;
    if (!binaries || owner === null) return null;
    const home = join(directory, 'postgres');
    mkdirSync(home);
    if (owner) chownSync(home, owner.uid, owner.gid);
    const data = join(home, 'data');
    execFileSync(join(binaries, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust'], {
      stdio: 'ignore',
      cwd: home,
      timeout: 120_000,
      ...owner,
    });
    const port = await freePort();
    const given = { port, listen_addresses: '127.0.0.1', unix_socket_directories: home, ...SETTINGS };
    const options = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const logFile = join(directory, 'postgres.log');
    const server = start(join(binaries, 'postgres'), ['-D', data, ...options], { logFile, cwd: home, ...owner });
    const database = new Database(`postgresql://postgres@127.0.0.1:${port}/postgres`, server);
    await database.#ready();
    database.#postmaster = server.pid;
    return database;
  }

  /** The one that this URL leads to. */
  static async at(url) {
    const database = new Database(url, null);
    await database.#ready();
    database.#postmaster = await database.#findPostmaster();
    return database;
  }

  async query(text, values) {
    return queryOnce(this.url, text, values);
  }

  /** Makes a database of this name anew, and answers its URL. */
  async fresh(name) {
    await this.drop(name);
    await this.query(`create database ${name}`);
    const url = new URL(this.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  async drop(name) {
    await this.query(`drop database if exists ${name} with (force)`);
  }

  /** CPU seconds of all of PostgreSQL's processes so far; null when they run on another machine. */
  get cpuSeconds() {
    return this.#postmaster === null ? null : cpuSecondsOf(this.#postmaster);
  }

  async stop() {
    // An immediate shutdown: nobody will read these data again.
    if (this.#server) await stop(this.#server, 'SIGQUIT');
  }

  async #findPostmaster() {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      const { rows } = await client.query('select pg_backend_pid() as pid');
      return parentOf(rows[0].pid, 'postgres');
    } finally {
      await client.end();
    }
  }

  async #ready() {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.query('select 1');
        return;
      } catch (error) {
        if (attempt === CONNECT_ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

/** Runs one statement on a connection of its own, with as much time as it takes. */
export async function queryOnce(url, text, values) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** The directory of PostgreSQL's programs, of the newest version that has this one; null when there is none. */
export function findBinaries(program) {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  return candidates.find((directory) => existsSync(join(directory, program))) ?? null;
}

/** PostgreSQL refuses to run as root; its package makes a user for it. */
function findOwner() {
  try {
    const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}
