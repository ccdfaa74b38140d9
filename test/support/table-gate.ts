import { Client } from 'pg';

// The server gives up waiting for a lock after 1 s; whoever came first must not.
const LONGEST_MS = 800;

/** A table that nobody gets at. */
export interface ClosedTable {
  /** Lets all go when so many wait, or when the first has waited almost too long; says how many waited. */
  openWhenWaiting(count: number): Promise<number>;
  /** Comes back when somebody waits, and leaves the table closed. */
  untilSomebodyWaits(): Promise<void>;
  open(): Promise<void>;
}

/**
 * Holds up everybody who touches a table, so that requests which trickled in one by one race from there on at once.
 *
 * @param name of the table, not quoted
 * @param mode `share` holds up only who writes
 */
export async function closeTable(
  url: string,
  name: string,
  mode: 'share' | 'access exclusive' = 'access exclusive',
): Promise<ClosedTable> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('begin');
  await client.query(`lock table ${name} in ${mode} mode`);
  const waiting = async (): Promise<number> => {
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::int as count from pg_locks where not granted and relation = '${name}'::regclass`,
    );
    return rows[0]!.count;
  };
  const open = async (): Promise<void> => {
    await client.query('rollback');
    await client.end();
  };
  return {
    open,
    untilSomebodyWaits: async () => {
      while ((await waiting()) === 0);
    },
    openWhenWaiting: async (count) => {
      try {
        let since = performance.now();
        for (;;) {
          const now = await waiting();
          if (now === 0) since = performance.now();
          if (now >= count || performance.now() - since > LONGEST_MS) return now;
        }
      } finally {
        await open();
      }
    },
  };
}
