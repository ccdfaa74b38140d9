import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from './database.mjs';
import { freePort, startServer, stop } from './processes.mjs';

const HERE = import.meta.dirname;

/** What everybody measured shares: PostgreSQL, a pretended WeChat, a folder for logs. */
export class Stage {
  #servers = [];
  #databases = [];

  constructor(directory, database) {
    this.directory = directory;
    this.database = database;
  }

  /** Null when there is no PostgreSQL: neither DATABASE_URL nor programs to start one with. */
  static async open() {
    const directory = mkdtempSync(join(tmpdir(), 'wechat-passport-bench-'));
    // PostgreSQL runs as another user, and its data are below.
    chmodSync(directory, 0o711);
    process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
    const { DATABASE_URL } = process.env;
    const database = DATABASE_URL ? await Database.at(DATABASE_URL) : await Database.create(directory);
    if (!database) return null;
    const stage = new Stage(directory, database);
    const wechat = await stage.startNode('wechat', join(HERE, 'load/wechat-stub.mjs'), {}, '/?js_code=x');
    stage.wechatUrl = wechat.origin;
    return stage;
  }

  /** The URL of an empty database for one of those measured; it is dropped at the end. */
  async freshDatabase(name) {
    const database = `wechat_passport_bench_${name.replaceAll('-', '_')}`;
    this.#databases.push(database);
    return this.database.fresh(database);
  }

  /** Starts a server of Node's on a free port, with nothing of this process's environment but PATH. */
  async startNode(name, file, environment, path = '/healthz', cwd = HERE) {
    const port = await freePort();
    const server = await startServer(process.execPath, [file], {
      port,
      path,
      cwd,
      logFile: join(this.directory, `${name}.log`),
      env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), ...environment },
    });
    this.#servers.push(server);
    return server;
  }

  async close() {
    await Promise.all(this.#servers.map(({ child }) => stop(child)));
    // A private cluster goes with its folder.
    if (process.env.DATABASE_URL) for (const name of this.#databases) await this.database.drop(name);
    await this.database.stop();
  }
}
