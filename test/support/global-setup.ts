import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from './build.ts';
import { PrivateCluster } from './private-cluster.ts';
import { ROOT } from './repository.ts';
import { TemplateDatabase } from './template-database.ts';

/** What `global-teardown.ts` has to clear away. */
export interface TestGlobals {
  privateCluster?: PrivateCluster | null;
  template?: TemplateDatabase;
  folder?: string;
}

/**
 * Builds the server, finds a real PostgreSQL for the tests that need one (`DATABASE_URL`, otherwise a private cluster,
 * otherwise none), and migrates one database of each kind for all tests to copy.
 *
 * With `DATABASE_URL` the whole suite runs on it; without, everything that can runs on the embedded database.
 */
export default async function setup(): Promise<void> {
  const globals = globalThis as TestGlobals;
  ensureBuilt();
  const url = process.env['DATABASE_URL'] ?? (await startCluster(globals));
  if (url) {
    globals.template = await TemplateDatabase.create(url);
    process.env['TEST_POSTGRES_URL'] = url;
    process.env['TEST_POSTGRES_TEMPLATE'] = globals.template.name;
  }
  // Some tests ask for the embedded database whatever the others run on.
  globals.folder = mkdtempSync(join(tmpdir(), 'wechat-passport-test-'));
  const [directory, file] = [join(globals.folder, 'database'), join(globals.folder, 'database.tar')];
  execFileSync(process.execPath, [join(ROOT, 'test/support/native/make-embedded-template.mjs'), directory, file]);
  process.env['TEST_EMBEDDED_TEMPLATE'] = file;
}

async function startCluster(globals: TestGlobals): Promise<string | null> {
  const cluster = await PrivateCluster.create(['fsync=off', 'max_connections=300']);
  if (!cluster) {
    console.warn('\nNo PostgreSQL on this machine: the tests marked postgres-only are skipped.\n');
    return null;
  }
  cluster.endWithProcess();
  globals.privateCluster = cluster;
  return cluster.url;
}
