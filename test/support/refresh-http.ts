import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { Pool } from 'pg';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import type { ServedSession } from './refresh-journey.js';
import type { Reply } from './refresh-reference.js';

/** A session as it was opened, and who may go on with it. */
export interface OpenedSession {
  readonly userId: string;
  readonly sessionId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** The answer to a refresh, with the access token of a good one. */
export interface TokenReply extends Reply {
  readonly accessToken?: string;
}

interface JsonAnswer {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests state what they expect of it
  readonly body: any;
}

const LET_PASS = {
  name: 'let_pass',
  text: `update sessions set
    rotated_at = rotated_at - make_interval(secs => $2),
    retired_at = array(select at - make_interval(secs => $2) from unnest(retired_at) with ordinality as ring (at, n)
                       order by n),
    idle_expires_at = idle_expires_at - make_interval(secs => $2),
    absolute_expires_at = absolute_expires_at - make_interval(secs => $2),
    created_at = created_at - make_interval(secs => $2)
  where id = $1`,
};

/** Refreshes against running servers over connections that stay open, and moves the clock of single sessions. */
export class RefreshHttp {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly pool: Pool;

  /** @param databaseUrl of the one database of all servers */
  constructor(databaseUrl: string) {
    this.pool = new Pool({ connectionString: databaseUrl, max: 4 });
    // An idle connection may be cut when its database is dropped at the end.
    this.pool.on('error', () => undefined);
  }

  /** Signs a user in, by default one who was never seen before. */
  async open(url: string, wechat: Sandbox, { user = randomUUID(), device = {} } = {}): Promise<OpenedSession> {
    const { code } = wechat.wxLogin(user);
    const { status, body } = await this.post(url, '/v1/auth/wechat/login', { code, ...device });
    if (status !== 200) throw new Error(`sign-in answered ${status} ${body.code}`);
    const { accessToken, refreshToken } = body.tokens;
    return { userId: body.user.id, sessionId: sessionOf(accessToken), accessToken, refreshToken };
  }

  async refresh(url: string, refreshToken: string, nonce: string | null): Promise<TokenReply> {
    const { status, body } = await this.post(url, '/v1/auth/refresh', {
      refreshToken,
      ...(nonce === null ? {} : { nonce }),
    });
    if (status !== 200) return { status, code: body.code };
    return { status, refreshToken: body.refreshToken, accessToken: body.accessToken };
  }

  /** Null while the access token is good, otherwise the code of the refusal. */
  async refusalOf(url: string, accessToken: string): Promise<string | null> {
    const { status, body } = await this.send(url, 'GET', '/v1/auth/session', {
      authorization: `Bearer ${accessToken}`,
    });
    return status === 200 ? null : (body.code as string);
  }

  post(url: string, path: string, body: object): Promise<JsonAnswer> {
    return this.send(url, 'POST', path, { 'content-type': 'application/json' }, JSON.stringify(body));
  }

  /** Makes a session's row believe that so much time has passed. */
  async letPass(sessionId: string, seconds: number): Promise<void> {
    await this.pool.query({ ...LET_PASS, values: [sessionId, seconds] });
  }

  async sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query(text, values)).rows as Row[];
  }

  /** A session that was opened just now, for a journey. */
  serve(url: string, { userId, sessionId, refreshToken: firstToken }: OpenedSession): ServedSession {
    return {
      firstToken,
      refresh: async (refreshToken, nonce) => {
        const { accessToken: _accessToken, ...reply } = await this.refresh(url, refreshToken, nonce);
        return reply;
      },
      letPass: (seconds) => this.letPass(sessionId, seconds),
      rows: async () => {
        const [row] = await this.sql<{ count: number }>(
          'select count(*)::int as count from sessions where user_id = $1',
          [userId],
        );
        return row!.count;
      },
    };
  }

  async close(): Promise<void> {
    this.agent.destroy();
    await this.pool.end();
  }

  private send(
    url: string,
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<JsonAnswer> {
    return new Promise((resolve, reject) => {
      const sent = request(url + path, { method, headers, agent: this.agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode!, body: text === '' ? null : JSON.parse(text) });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

/** The session that an access token names. */
export function sessionOf(accessToken: string): string {
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString('utf8')) as { sid: string };
  return claims.sid;
}
