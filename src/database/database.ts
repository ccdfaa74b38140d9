import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Pool, PoolClient } from 'pg';
import { DatabaseSettings } from '../config/settings.js';
import { preparedQuery, type Queries, type Statement } from './statement.js';
import { asUnavailable, hasSqlState } from './unavailable.js';

/** Undoes a transaction on purpose; `Database.transaction` answers null instead of throwing it on. */
export class Rollback extends Error {}

/**
 * Runs prepared statements on the pool that TypeORM holds.
 *
 * Entities and repositures of TypeORM serve where people administer; the paths that every request takes come here.
 *
 * @throws AppError SERVICE_UNAVAILABLE when the database cannot be reached or does not answer in time
 */
@Injectable()
export class Database implements Queries {
  constructor(
    private readonly dataSource: DataSource,
    private readonly settings: DatabaseSettings,
  ) {}

  async query<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    try {
      const result = await this.pool.query(this.prepare(statement, values));
      return result.rows as Row[];
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  /**
   * Runs `work` in one transaction on one connection. A thrown `Rollback` undoes it and answers null; any other error
   * undoes it and is thrown on. `work` must not call the outside world, nor use the pool.
   */
  async transaction<Result>(work: (transaction: Queries) => Promise<Result>): Promise<Result | null> {
    const client = await this.connect();
    let broken = false;
    try {
      await client.query('begin');
      const result = await work(this.queriesOn(client));
      await client.query('commit');
      return result;
    } catch (error) {
      broken = isSilent(error) || !(await rolledBack(client));
      if (error instanceof Rollback) return null;
      throw asUnavailable(error);
    } finally {
      client.release(broken);
      client.off('error', ignore);
    }
  }

  private async connect(): Promise<PoolClient> {
    try {
      const client = await this.pool.connect();
      // The pool listens to idle connections only; without a listener the loss of this one would end the process. Whoever
      // uses it learns of the loss from the statement that fails.
      client.on('error', ignore);
      return client;
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  private queriesOn(client: PoolClient): Queries {
    return {
      query: async <Row>(statement: Statement<Row>, values: readonly unknown[]) =>
        (await client.query(this.prepare(statement, values))).rows as Row[],
    };
  }

  private prepare(statement: Statement, values: readonly unknown[]) {
    return preparedQuery(statement, values, this.settings.prepared);
  }

  private get pool(): Pool {
    // TypeORM's PostgreSQL driver calls its connection pool `master`.
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }
}

/** Whether the connection itself failed. A rollback on it would wait in vain; closing it undoes the transaction too. */
function isSilent(error: unknown): boolean {
  return asUnavailable(error) !== error && !hasSqlState(error);
}

async function rolledBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query('rollback');
    return true;
  } catch {
    return false;
  }
}

function ignore(): void {}
