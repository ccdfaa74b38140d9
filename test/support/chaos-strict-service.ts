import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import type { ChaosDatabase } from './chaos-database.js';
import type { ChaosService } from './chaos-fleet.js';
import { readWhole } from './chaos-http.js';

interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

const DOWN_MS = 500;

/**
 * What many servers do: every refresh token works once, its use makes the next one, and one that comes back ends the
 * session. It speaks as much of our protocol as a chaos run needs; whoever names a person is that person.
 */
export class StrictService implements ChaosService {
  private constructor(
    private readonly servers: readonly Server[],
    private readonly ports: readonly number[],
    private readonly pool: Pool,
  ) {}

  static async start(size: number, database: ChaosDatabase): Promise<StrictService> {
    await database.query(`
      create table strict_sessions (id text primary key, revoked boolean not null default false);
      create table strict_tokens (token text primary key, session_id text not null, used boolean not null default false)`);
    const pool = new Pool({ connectionString: database.url, connectionTimeoutMillis: 2000, query_timeout: 3500 });
    pool.on('error', () => undefined);
    const servers = Array.from({ length: size }, () => serverOf(pool));
    const ports: number[] = [];
    for (const server of servers) {
      await listen(server, 0);
      ports.push((server.address() as AddressInfo).port);
    }
    return new StrictService(servers, ports, pool);
  }

  get urls(): readonly (string | null)[] {
    return this.servers.map((server, slot) => (server.listening ? `http://127.0.0.1:${this.ports[slot]}` : null));
  }

  mintCode(person: string): string {
    return person;
  }

  /** The nearest thing to a killed process within this one: all its connections break and nobody listens. */
  async kill(slot: number): Promise<void> {
    const server = this.servers[slot]!;
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async start(slot: number): Promise<void> {
    await sleep(DOWN_MS);
    if (!this.servers[slot]!.listening) await listen(this.servers[slot]!, this.ports[slot]!);
  }

  async close(): Promise<void> {
    for (const slot of this.servers.keys()) await this.kill(slot);
    await this.pool.end();
  }
}

function serverOf(pool: Pool): Server {
  return createServer((incoming, outgoing) => {
    void answer(pool, incoming)
      .catch((): Reply => ({ status: 503 }))
      .then(({ status, body }) => {
        outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
      });
  });
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}

async function answer(pool: Pool, incoming: IncomingMessage): Promise<Reply> {
  const { text } = await readWhole(incoming);
  const { refreshToken } = (text === '' ? {} : JSON.parse(text)) as { refreshToken?: string };
  const bearer = incoming.headers.authorization?.replace(/^Bearer /, '') ?? null;
  switch (incoming.url) {
    case '/v1/auth/wechat/login':
      return open(pool);
    case '/v1/auth/refresh':
      return rotate(pool, refreshToken!);
    case '/v1/auth/logout':
      return end(pool, refreshToken ?? null, bearer);
    case '/v1/auth/session':
      return (await isAlive(pool, bearer!)) ? { status: 200 } : { status: 401 };
    default:
      return { status: 404 };
  }
}

async function open(pool: Pool): Promise<Reply> {
  const [sessionId, token] = [secret(), secret()];
  await pool.query(
    `with opened as (insert into strict_sessions (id) values ($1))
     insert into strict_tokens (token, session_id) values ($2, $1)`,
    [sessionId, token],
  );
  return { status: 200, body: { tokens: { refreshToken: token, accessToken: sessionId } } };
}

async function rotate(pool: Pool, token: string): Promise<Reply> {
  const next = secret();
  const { rows } = await pool.query<{ session_id: string }>(
    `with spent as (
       update strict_tokens t set used = true from strict_sessions s
       where t.token = $1 and not t.used and s.id = t.session_id and not s.revoked returning t.session_id)
     insert into strict_tokens (token, session_id) select $2, session_id from spent returning session_id`,
    [token, next],
  );
  if (rows[0]) return { status: 200, body: { refreshToken: next, accessToken: rows[0].session_id } };
  await pool.query(
    'update strict_sessions set revoked = true where id = (select session_id from strict_tokens where token = $1)',
    [token],
  );
  return { status: 401 };
}

async function end(pool: Pool, token: string | null, sessionId: string | null): Promise<Reply> {
  await pool.query(
    `update strict_sessions set revoked = true
     where id = coalesce($2, (select session_id from strict_tokens where token = $1))`,
    [token, sessionId],
  );
  return { status: 204 };
}

async function isAlive(pool: Pool, sessionId: string): Promise<boolean> {
  const { rowCount } = await pool.query('select from strict_sessions where id = $1 and not revoked', [sessionId]);
  return rowCount === 1;
}

function secret(): string {
  return randomBytes(16).toString('base64url');
}
