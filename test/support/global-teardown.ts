import type { PrivateCluster } from './private-cluster.ts';

export default async function teardown(): Promise<void> {
  await (globalThis as { privateCluster?: PrivateCluster | null }).privateCluster?.destroy();
}
