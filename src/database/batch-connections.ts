import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Pool } from 'pg';
import { DatabaseSettings } from '../config/settings.js';
import { CONNECTION_LIMITS } from './data-source-options.js';
import { Database } from './database.js';
import { preparedQuery, type Queries, type Statement } from './statement.js';
import { asUnavailable } from './unavailable.js';

// Every batch finds its rows by an index, one by one. A plan that was made while a table was small would otherwise go on
// reading all of it, or hash all of it, once it has grown; and to plan a batch anew takes as long as the batch.
const OFF = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'jit'].map((name) => `${name}=off`);
const PLAN = ['plan_cache_mode=force_generic_plan', ...OFF].map((setting) => `-c ${setting}`).join(' ');

// A batch of one kind runs beside a batch of another; more gain nothing.
const CONNECTIONS = 2;

/**
 * The connections that batches go over. On the embedded database it is the only one there is.
 *
 * Without prepared statements, behind a transaction pooler, every batch is planned anew and needs no help; such a pooler
 * would refuse it, too.
 *
 * @throws AppError SERVICE_UNAVAILABLE when the database cannot be reached or does not answer in time
 */
@Injectable()
export class BatchConnections implements Queries, OnApplicationShutdown {
  private readonly pool: Pool | null;

  constructor(
    private readonly database: Database,
    private readonly settings: DatabaseSettings,
  ) {
    const { url, prepared } = settings;
    this.pool = url === null ? null : openPool(prepared ? withPlan(url) : url);
  }

  async query<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    if (!this.pool) return this.database.query(statement, values);
    try {
      return (await this.pool.query(preparedQuery(statement, values, this.settings.prepared))).rows as Row[];
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  /** Comes after the HTTP server has answered what was in flight. */
  async onApplicationShutdown(): Promise<void> {
    await this.pool?.end();
  }
}

function openPool(connectionString: string): Pool {
  const pool = new Pool({
    connectionString,
    application_name: 'wechat-passport-batches',
    max: CONNECTIONS,
    ...CONNECTION_LIMITS,
  });
  // An idle connection that is lost is replaced at the next batch.
  pool.on('error', () => undefined);
  return pool;
}

/** Options in the URL win over those beside it, so they are joined there. */
function withPlan(url: string): string {
  const joined = new URL(url);
  const given = joined.searchParams.get('options');
  joined.searchParams.set('options', given === null ? PLAN : `${given} ${PLAN}`);
  return joined.href;
}
