import { execFileSync } from 'node:child_process';
import { existsSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, sourceFiles } from './repository.ts';

const INFO = join(ROOT, 'dist/.tsbuildinfo');

/** Builds `dist` unless it is newer than every source. */
export function ensureBuilt(): void {
  if (isBuilt()) return;
  const startedAt = new Date();
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  // An incremental build leaves files alone that are still right.
  utimesSync(INFO, startedAt, startedAt);
}

function isBuilt(): boolean {
  const newest = Math.max(...sourceFiles().map((path) => statSync(join(ROOT, path)).mtimeMs));
  return existsSync(INFO) && statSync(INFO).mtimeMs >= newest;
}
