import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'master-key';

/**
 * Reads the master key kept for development in `directory`, in the form of `MASTER_KEYS`; makes it on the first call.
 *
 * Two processes that start at once agree: the file appears whole and once, and the loser reads what the winner wrote.
 */
export function developmentMasterKey(directory: string): string {
  const file = join(directory, FILE);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!existsSync(file)) create(file);
  return readFileSync(file, 'utf8').trim();
}

function create(file: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `dev:${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
}
