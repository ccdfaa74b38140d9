import { getMetadataStorage } from 'class-validator';
import { Environment, SECRET_VARIABLES } from '../../src/config/environment.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { read, sourceFiles } from '../support/repository.js';

const VARIABLES = [
  ...new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(Environment, '', false, false)
      .map((rule) => rule.propertyName),
  ),
].toSorted();

const FILE_VARIABLES = SECRET_VARIABLES.map((name) => `${name}_FILE`);

// These hand `process.env` on to src/config and look at nothing in it themselves.
const ENTRY_POINTS = /^(src\/config\/.*|src\/main\.ts|src\/sandbox\/main\.ts|src\/database\/migrate\.ts|src\/cli\/.*)$/;

/** The names that are assigned in an env file, whether or not the line is commented out. */
function assignedIn(text: string): string[] {
  return [...text.matchAll(/^(?:#\s*)?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name!);
}

describe('the environment', () => {
  it('is written down in .env.example, every variable once and no other', () => {
    const documented = assignedIn(read('.env.example')).filter((name) => !FILE_VARIABLES.includes(name));
    expect(VARIABLES.length).toBeGreaterThan(20);
    expect(documented.toSorted()).toEqual(VARIABLES);
  });

  it('has the file variant of every secret mentioned there', () => {
    const text = read('.env.example');
    expect(FILE_VARIABLES.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });

  it('is read as it is declared: every variable, every file of a secret, nothing else', () => {
    const asked = new Set<string>();
    const variables = new Proxy<NodeJS.ProcessEnv>(
      {},
      {
        get: (_target, name) => {
          asked.add(String(name));
          return name === 'MASTER_KEYS' ? `test:${Buffer.alloc(32, 7).toString('base64')}` : undefined;
        },
      },
    );
    loadSettings(variables, { inMemory: true });
    expect([...asked].toSorted()).toEqual([...VARIABLES, ...FILE_VARIABLES].toSorted());
  });

  it('is looked at by src/config and the entry points alone', () => {
    const files = [...sourceFiles(), 'ormconfig.ts'];
    const readers = files.filter((path) => /\bprocess\s*(\?\.|\.)\s*env\b|\bprocess\[/.test(read(path)));
    expect(readers).toContain('src/main.ts');
    expect(readers.filter((path) => !ENTRY_POINTS.test(path) && path !== 'ormconfig.ts')).toEqual([]);
    const importers = files.filter((path) =>
      /import\s*{[^}]*\benv\b[^}]*}\s*from\s*'(node:)?process'/.test(read(path)),
    );
    expect(importers).toEqual([]);
  });
});
