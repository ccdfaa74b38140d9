import { Injectable } from '@nestjs/common';
import { BatchConnections } from '../../database/batch-connections.js';
import { Database } from '../../database/database.js';
import { GroupCommit } from '../../database/group-commit.js';
import { statement } from '../../database/statement.js';
import type { RevokeReason } from '../revocation/revoke-reason.js';
import type { RefreshTokenPoint } from '../tokens/refresh-tokens.js';
import { ANY_FORK, type RefreshState } from './judge-refresh.js';
import { IS_LIVE, LIVE_COLUMNS, toLiveSession, type LiveRow, type LiveSession } from './live-session.js';

/** A token that is presented, with what comes with it. */
interface TokenUse {
  readonly token: RefreshTokenPoint;
  readonly nonceHash: Buffer | null;
  readonly idleSeconds: number;
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

// Older entries could no longer be forgiven, or their holder has been away for eight refreshes.
const RING = 8;

/** Puts a token of this generation and fork at the front of the ring of retired ones. */
const retire = (generation: string, fork: string, when = 'true') => `
  retired_generations = case when ${when} then (array[${generation}] || retired_generations)[1:${RING}] else retired_generations end,
  retired_forks = case when ${when} then (array[${fork}] || retired_forks)[1:${RING}] else retired_forks end,
  retired_at = case when ${when} then (array[now()] || retired_at)[1:${RING}] else retired_at end`;

// What was lost, newest first, down to the row's token and its parent: a message of before may still be under way.
const LOST = `generate_series(greatest($6::int - 1, generation), greatest(generation - 1, $6::int - ${RING}), -1) as lost`;
const RETIRE_LOST = `
  retired_generations = (array(select lost from ${LOST}) || retired_generations)[1:${RING}],
  retired_forks = (array(select ${ANY_FORK} from ${LOST}) || retired_forks)[1:${RING}],
  retired_at = (array(select now() from ${LOST}) || retired_at)[1:${RING}]`;

const EXTEND_IDLE = 'idle_expires_at = least(now() + make_interval(secs => $5), absolute_expires_at)';

/** What the use of a token does to its session; the nonce's hash is an SQL expression. */
const use = (nonceHash: string) => `
     generation = generation + 1, fork = 0, parent_fork = fork, parent_nonce_hash = ${nonceHash}, rotated_at = now(),
     ${retire('generation - 1', 'parent_fork', 'parent_fork is not null')},
     ${EXTEND_IDLE}`;

const useToken = statement<LiveRow>(
  'use_refresh_token',
  `update sessions set ${use('$4')}
   where id = $1 and generation = $2 and fork = $3 and ${IS_LIVE}
   returning ${LIVE_COLUMNS}`,
);

// The same for many sessions, each by its index. A row that somebody else holds is left out, and so is one that has moved on.
const useTokens = statement<LiveRow>(
  'use_refresh_tokens',
  `with held as (
     select given.id as held_id, given.nonce_hash
     from unnest($1::uuid[], $2::int[], $3::int[], $4::bytea[]) as given (id, generation, fork, nonce_hash)
     cross join lateral (
       select from sessions
       where id = given.id and generation = given.generation and fork = given.fork and ${IS_LIVE}
       for update skip locked) as free)
   update sessions set ${use('held.nonce_hash')}
   from held where id = held_id
   returning ${LIVE_COLUMNS}`,
);

const forkChild = statement<LiveRow>(
  'fork_child',
  `update sessions set
     fork = fork + 1, parent_nonce_hash = $4, rotated_at = now(),
     ${retire('generation', 'fork')},
     ${EXTEND_IDLE}
   where id = $1 and generation = $2 and fork = $3 and ${IS_LIVE}
   returning ${LIVE_COLUMNS}`,
);

const repeatChild = statement<LiveRow>(
  'repeat_child',
  `update sessions set rotated_at = now()
   where id = $1 and generation = $2 and fork = $3 and ${IS_LIVE}
   returning ${LIVE_COLUMNS}`,
);

const fastForward = statement<LiveRow>(
  'fast_forward_session',
  `update sessions set
     generation = $6::int + 1, fork = 0, parent_fork = $7, parent_nonce_hash = $4, rotated_at = now(),
     ${RETIRE_LOST},
     ${EXTEND_IDLE}
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

/** The sessions table as the refresh protocol needs it. Every change is one compare-and-set; a lost race answers null. */
@Injectable()
export class RefreshRepository {
  private readonly uses = new GroupCommit<TokenUse, LiveSession | null>({
    keyOf: ({ token }) => token.sessionId,
    together: (uses) => this.useTokens(uses),
    alone: ({ token, nonceHash, idleSeconds }) =>
      this.change(useToken, [token.sessionId, token.generation, token.fork, nonceHash, idleSeconds]),
  });

  constructor(
    private readonly database: Database,
    private readonly batches: BatchConnections,
  ) {}

  /** The common refresh: the token is the newest of a live session. */
  async useToken(token: RefreshTokenPoint, nonceHash: Buffer | null, idleSeconds: number): Promise<LiveSession | null> {
    return this.uses.run({ token, nonceHash, idleSeconds });
  }

  /** Puts a new child in the place of the one that was seen. */
  async forkChild(seen: LiveSession, nonceHash: Buffer | null, idleSeconds: number): Promise<LiveSession | null> {
    return this.change(forkChild, [seen.id, seen.generation, seen.fork, nonceHash, idleSeconds]);
  }

  /** Hands the same child out again and notes when, so that nobody gets another one while this answer is on its way. */
  async repeatChild(seen: LiveSession): Promise<LiveSession | null> {
    return this.change(repeatChild, [seen.id, seen.generation, seen.fork]);
  }

  /** Brings a row that lost commits to where its client is, and uses the client's token. */
  async fastForward(
    seen: LiveSession,
    token: RefreshTokenPoint,
    nonceHash: Buffer | null,
    idleSeconds: number,
  ): Promise<LiveSession | null> {
    const { generation, fork } = token;
    return this.change(fastForward, [seen.id, seen.generation, seen.fork, nonceHash, idleSeconds, generation, fork]);
  }

  async findState(sessionId: string): Promise<{ session: LiveSession; state: RefreshState } | null> {
    const [row] = await this.database.query(findState, [sessionId]);
    return row ? { session: toLiveSession(row), state: toState(row) } : null;
  }

  private async useTokens(uses: readonly TokenUse[]): Promise<(LiveSession | undefined)[]> {
    const rows = await this.batches.query(useTokens, [
      uses.map(({ token }) => token.sessionId),
      uses.map(({ token }) => token.generation),
      uses.map(({ token }) => token.fork),
      uses.map(({ nonceHash }) => nonceHash),
      // One setting, the same for all.
      uses[0]!.idleSeconds,
    ]);
    const used = new Map(rows.map((row) => [row.id, row]));
    return uses.map(({ token }) => {
      const row = used.get(token.sessionId);
      return row && toLiveSession(row);
    });
  }

  private async change(update: typeof useToken, values: readonly unknown[]): Promise<LiveSession | null> {
    const [row] = await this.database.query(update, values);
    return row ? toLiveSession(row) : null;
  }
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
