import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';

/** Counts what really goes over the connections of a data source's pool, transactions included. */
export interface CountedStatements {
  /** The texts sent while `work` ran, by whoever used the pool meanwhile. */
  during(work: () => Promise<unknown>): Promise<string[]>;
  stop(): void;
}

/** Begins to count. Stop before the data source is closed. */
export function countStatements(dataSource: DataSource): CountedStatements {
  const { master: pool } = dataSource.driver as unknown as { master: Pool };
  const sent: string[] = [];
  const undo = new Map<PoolClient, () => void>();
  const onAcquire = (client: PoolClient): void => {
    if (undo.has(client)) return;
    const target = client as { query: (...values: unknown[]) => unknown };
    const send = target.query.bind(client);
    target.query = (...values) => {
      const [query] = values;
      sent.push(typeof query === 'string' ? query : (query as { text: string }).text);
      return send(...values);
    };
    undo.set(client, () => (target.query = send));
  };
  pool.on('acquire', onAcquire);
  return {
    during: async (work) => {
      const from = sent.length;
      await work();
      return sent.slice(from);
    },
    stop: () => {
      pool.off('acquire', onAcquire);
      undo.forEach((restore) => restore());
    },
  };
}
