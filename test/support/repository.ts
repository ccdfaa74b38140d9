import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import typescript from 'typescript';

/** The folder that holds `package.json`. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Reads a file by its path from the root of the repository. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The files under a folder, by their paths from the root of the repository. Missing folders are empty. */
export function filesUnder(folder: string, matching = /\.ts$/): string[] {
  return entriesUnder(folder, 'file').filter((path) => matching.test(path));
}

/** The folders under a folder, at any depth, by their paths from the root of the repository. */
export function foldersUnder(folder: string): string[] {
  return entriesUnder(folder, 'folder');
}

/** What the server is made of: everything under `src` but its tests. */
export function sourceFiles(): string[] {
  return filesUnder('src').filter((path) => !path.endsWith('.spec.ts'));
}

/** The modules that a file imports, for their types as well, as they are written. */
export function importsOf(path: string): string[] {
  return typescript.preProcessFile(read(path), true, true).importedFiles.map(({ fileName }) => fileName);
}

/** The package an import comes from, null for a file or a module of Node. */
export function packageOf(specifier: string): string | null {
  if (/^(\.|#|\/|node:)/.test(specifier)) return null;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function entriesUnder(folder: string, kind: 'file' | 'folder'): string[] {
  let entries;
  try {
    entries = readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => (kind === 'file' ? entry.isFile() : entry.isDirectory()))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length).replaceAll('\\', '/'))
    .filter((path) => !path.includes('node_modules/'))
    .sort();
}
