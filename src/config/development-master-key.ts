import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'master-key';

/**
 * Reads the master key kept for development in `directory`, in the form of `MASTER_KEYS`; makes it on the first call.
 *
 * Two processes that start at once agree: the file is created exclusively, and the loser reads what the winner wrote.
 */
export function developmentMasterKey(directory: string): string {
  const file = join(directory, FILE);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `dev:${randomBytes(32).toString('base64')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}
