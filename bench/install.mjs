// Installs the benchmark's packages where they are missing or older than their lock.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const lock = join(import.meta.dirname, 'package-lock.json');
// npm writes it at the end of every install.
const installed = join(import.meta.dirname, 'node_modules/.package-lock.json');

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  execFileSync('npm', ['--prefix', import.meta.dirname, 'ci', '--ignore-scripts'], { stdio: 'inherit' });
}
