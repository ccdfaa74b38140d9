import { PrivateCluster } from './private-cluster.ts';

/**
 * Finds a real PostgreSQL for the tests that need one: `DATABASE_URL`, otherwise a private cluster, otherwise none.
 *
 * With `DATABASE_URL` the whole suite runs on it; without, everything that can runs on the embedded database.
 */
export default async function setup(): Promise<void> {
  const given = process.env['DATABASE_URL'];
  if (given) {
    process.env['TEST_POSTGRES_URL'] = given;
    return;
  }
  const cluster = await PrivateCluster.create(['fsync=off', 'max_connections=300']);
  cluster?.endWithProcess();
  if (cluster) process.env['TEST_POSTGRES_URL'] = cluster.url;
  else console.warn('\nNo PostgreSQL on this machine: the tests marked postgres-only are skipped.\n');
  (globalThis as { privateCluster?: PrivateCluster | null }).privateCluster = cluster;
}
