import { rmSync } from 'node:fs';
import type { TestGlobals } from './global-setup.ts';

export default async function teardown(): Promise<void> {
  const { template, privateCluster, folder } = globalThis as TestGlobals;
  await template?.drop();
  await privateCluster?.destroy();
  if (folder) rmSync(folder, { recursive: true });
}
