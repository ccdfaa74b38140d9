import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { RefreshTokenPoint } from '../tokens/refresh-tokens.js';
import type { RefreshState } from './judge-refresh.js';
import type { AuthenticationMethod, RevokeReason } from './session.entity.js';

/** A live session: what tokens are made of. */
export interface LiveSession {
  readonly id: string;
  readonly userId: string;
  readonly appId: string;
  readonly roles: readonly string[];
  readonly generation: number;
  readonly fork: number;
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
}

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly identityId: string | null;
  readonly appId: string;
  readonly amr: readonly AuthenticationMethod[];
  readonly device: { readonly id: string | null; readonly name: string | null; readonly platform: string | null };
}

export interface Lifetimes {
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
}

interface LiveRow {
  readonly id: string;
  readonly user_id: string;
  readonly app_id: string;
  readonly roles: string[];
  readonly generation: number;
  readonly fork: number;
  readonly idle_seconds: number;
  readonly absolute_seconds: number;
}

interface StateRow extends LiveRow {
  readonly parent_fork: number | null;
  readonly parent_nonce_hash: Buffer | null;
  readonly rotated_seconds_ago: number;
  readonly retired_generations: number[];
  readonly retired_forks: number[];
  readonly retired_seconds_ago: number[];
  readonly expired: boolean;
  readonly revoke_reason: RevokeReason | null;
}

const LIVE_COLUMNS = `id, user_id, app_id, roles, generation, fork,
  floor(extract(epoch from idle_expires_at - now()))::int as idle_seconds,
  floor(extract(epoch from absolute_expires_at - now()))::int as absolute_seconds`;

const IS_LIVE = 'revoked_at is null and idle_expires_at > now()';

// Older entries could no longer be forgiven, or their holder has been away for eight refreshes.
const RING = 8;

/** Puts a token of this generation and fork at the front of the ring of retired ones. */
const retire = (generation: string, fork: string, when = 'true') => `
  retired_generations = case when ${when} then (array[${generation}] || retired_generations)[1:${RING}] else retired_generations end,
  retired_forks = case when ${when} then (array[${fork}] || retired_forks)[1:${RING}] else retired_forks end,
  retired_at = case when ${when} then (array[now()] || retired_at)[1:${RING}] else retired_at end`;

const openSession = statement<LiveRow>(
  'open_session',
  `insert into sessions (id, user_id, identity_id, app_id, amr, roles, device_id, device_name, device_platform,
                         idle_expires_at, absolute_expires_at)
   select $1, u.id, $3, $4, $5, u.roles, $6, $7, $8,
          now() + make_interval(secs => $9), now() + make_interval(secs => $10)
   from users u where u.id = $2 and u.status = 'active' for share
   returning ${LIVE_COLUMNS}`,
);

const useToken = statement<LiveRow>(
  'use_refresh_token',
  `update sessions set
     generation = generation + 1, fork = 0, parent_fork = fork, parent_nonce_hash = $4, rotated_at = now(),
     ${retire('generation - 1', 'parent_fork', 'parent_fork is not null')},
     idle_expires_at = least(now() + make_interval(secs => $5), absolute_expires_at)
   where id = $1 and generation = $2 and fork = $3 and ${IS_LIVE}
   returning ${LIVE_COLUMNS}`,
);

const forkChild = statement<LiveRow>(
  'fork_child',
  `update sessions set
     fork = fork + 1, parent_nonce_hash = $4, rotated_at = now(),
     ${retire('generation', 'fork')},
     idle_expires_at = least(now() + make_interval(secs => $5), absolute_expires_at)
   where id = $1 and generation = $2 and fork = $3 and ${IS_LIVE}
   returning ${LIVE_COLUMNS}`,
);

const fastForward = statement<LiveRow>(
  'fast_forward_session',
  `update sessions set
     generation = $6::int + 1, fork = 0, parent_fork = $7, parent_nonce_hash = $4, rotated_at = now(),
     ${retire('generation', 'fork')},
     idle_expires_at = least(now() + make_interval(secs => $5), absolute_expires_at)
   where id = $1 and generation = $2 and fork = $3 and ${IS_LIVE}
   returning ${LIVE_COLUMNS}`,
);

const findState = statement<StateRow>(
  'find_refresh_state',
  `select ${LIVE_COLUMNS}, parent_fork, parent_nonce_hash, revoke_reason,
     extract(epoch from now() - rotated_at)::float8 as rotated_seconds_ago,
     idle_expires_at <= now() as expired,
     retired_generations, retired_forks,
     (select coalesce(array_agg(extract(epoch from now() - at)::float8 order by n), '{}')
        from unnest(retired_at) with ordinality as ring (at, n)) as retired_seconds_ago
   from sessions where id = $1`,
);

const revokeSession = statement<{ id: string }>(
  'revoke_session',
  `update sessions set revoked_at = now(), revoke_reason = $2
   where id = $1 and revoked_at is null
   returning id`,
);

/** The sessions table. Every change is one compare-and-set statement; what lost its race answers null. */
@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  /** Null when the user is not active. Holds the user's row, so that a disable waits for it or is seen by it. */
  async open(
    { id, userId, identityId, appId, amr, device }: NewSession,
    lifetimes: Lifetimes,
  ): Promise<LiveSession | null> {
    const { idleSeconds, absoluteSeconds } = lifetimes;
    return this.one(openSession, [
      id, userId, identityId, appId, amr, device.id, device.name, device.platform, idleSeconds, absoluteSeconds,
    ]); // prettier-ignore
  }

  /** The common refresh: the token is the newest of a live session. */
  async useToken(token: RefreshTokenPoint, nonceHash: Buffer | null, idleSeconds: number): Promise<LiveSession | null> {
    return this.one(useToken, [token.sessionId, token.generation, token.fork, nonceHash, idleSeconds]);
  }

  async forkChild(seen: LiveSession, nonceHash: Buffer | null, idleSeconds: number): Promise<LiveSession | null> {
    return this.one(forkChild, [seen.id, seen.generation, seen.fork, nonceHash, idleSeconds]);
  }

  async fastForward(
    seen: LiveSession,
    token: RefreshTokenPoint,
    nonceHash: Buffer | null,
    idleSeconds: number,
  ): Promise<LiveSession | null> {
    const { generation, fork } = token;
    return this.one(fastForward, [seen.id, seen.generation, seen.fork, nonceHash, idleSeconds, generation, fork]);
  }

  async findState(sessionId: string): Promise<{ session: LiveSession; state: RefreshState } | null> {
    const [row] = await this.database.query(findState, [sessionId]);
    return row ? { session: toLiveSession(row), state: toState(row) } : null;
  }

  /** False when it had ended before. */
  async revoke(sessionId: string, reason: RevokeReason): Promise<boolean> {
    const rows = await this.database.query(revokeSession, [sessionId, reason]);
    return rows.length === 1;
  }

  private async one(query: typeof openSession, values: readonly unknown[]): Promise<LiveSession | null> {
    const [row] = await this.database.query(query, values);
    return row ? toLiveSession(row) : null;
  }
}

function toLiveSession(row: LiveRow): LiveSession {
  return {
    id: row.id,
    userId: row.user_id,
    appId: row.app_id,
    roles: row.roles,
    generation: row.generation,
    fork: row.fork,
    idleSeconds: row.idle_seconds,
    absoluteSeconds: row.absolute_seconds,
  };
}

function toState(row: StateRow): RefreshState {
  return {
    generation: row.generation,
    fork: row.fork,
    parentFork: row.parent_fork,
    parentNonceHash: row.parent_nonce_hash,
    rotatedSecondsAgo: row.rotated_seconds_ago,
    retired: row.retired_generations.map((generation, index) => ({
      generation,
      fork: row.retired_forks[index]!,
      secondsAgo: row.retired_seconds_ago[index]!,
    })),
    expired: row.expired,
    revokeReason: row.revoke_reason,
  };
}
