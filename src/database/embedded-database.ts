import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import type { PGlitePgConfig } from '@electric-sql/pglite/node-postgres';

/** PostgreSQL compiled to WebAssembly, running in this process. */
export interface EmbeddedDatabase {
  /** What a node-postgres pool of exactly one connection needs to talk to it. */
  readonly connection: PGlitePgConfig['connection'];
  close(): Promise<void>;
}

/**
 * Opens the embedded database in a folder, or in memory when there is none.
 *
 * The folder has no lock of its own and two processes would destroy it, so one is taken here: a file with our process id.
 *
 * @throws Error when another live process holds the folder
 */
export async function openEmbeddedDatabase(directory: string | null): Promise<EmbeddedDatabase> {
  const { PGlite: Engine } = await import('@electric-sql/pglite');
  const { createPgConfig } = await import('@electric-sql/pglite/node-postgres');
  const unlock = directory ? lockFolder(directory) : () => undefined;
  let engine: PGlite;
  try {
    engine = await Engine.create(directory ?? 'memory://');
  } catch (error) {
    unlock();
    throw error;
  }
  return {
    connection: createPgConfig(engine).connection,
    close: async () => {
      await engine.close();
      unlock();
    },
  };
}

function lockFolder(directory: string): () => void {
  const file = `${directory}.lock`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (let attempt = 0; ; attempt += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx', mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(readFileSync(file, 'utf8'));
    if (attempt > 0 || isAlive(holder)) {
      throw new Error(`The embedded database in ${directory} is in use by process ${holder}. Stop the server first.`);
    }
    // Its process died without cleaning up.
    rmSync(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  // A container restarts with the same process ids; a lock of our own id is left over from before.
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
