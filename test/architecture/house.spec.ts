import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ModulesContainer } from '@nestjs/core';
import { ROOT, foldersUnder, filesUnder, read, sourceFiles } from '../support/repository.js';
import { startTestApp } from '../support/test-app.js';

// "Can be read in one sitting."
const LINES_MAX = 250;

describe('the house', () => {
  it('has no barrels: who needs something imports the file that has it', () => {
    expect(sourceFiles().length).toBeGreaterThan(50);
    expect(sourceFiles().filter((path) => /(^|\/)index\.ts$/.test(path))).toEqual([]);
  });

  it('keeps every file short enough to be read in one sitting', () => {
    const long = sourceFiles().map((path) => [path, read(path).split('\n').length - 1] as const);
    expect(long.filter(([, lines]) => lines > LINES_MAX)).toEqual([]);
  });

  it('has no folder or file for what has no name', () => {
    const nameless = /(^|\/)(utils?|helpers?|common|shared|misc|lib)(\/|\.|$)|[.-](utils?|helpers?)\.ts$/;
    expect([...foldersUnder('src'), ...filesUnder('src')].filter((path) => nameless.test(path))).toEqual([]);
    expect(nameless.test('src/auth/utils/dates.ts')).toBe(true);
  });

  it('names its files in kebab-case, with the role after a dot', () => {
    const named = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+(-[a-z]+)*)*\.ts$/;
    const names = filesUnder('src').map((path) => path.split('/').at(-1)!);
    expect(names.filter((name) => !named.test(name))).toEqual([]);
  });

  it('needs no forwardRef, because no arrow goes both ways', () => {
    expect(sourceFiles().filter((path) => /\bforwardRef\b/.test(read(path)))).toEqual([]);
  });

  it('has the modules WechatModule, UsersModule and AuthModule, once each', async () => {
    const server = await startTestApp();
    const names = [...server.app.get(ModulesContainer).values()].map(({ name }) => name);
    await server.close();
    for (const name of ['WechatModule', 'UsersModule', 'AuthModule']) {
      expect(names.filter((one) => one === name)).toEqual([name]);
    }
  });
});

// That all point the way they are allowed to is for `npm run check:arrows` to say.
describe('the arrows between the folders', () => {
  it('are reported when they point another way', () => {
    const forbidden = [
      'src/wechat/probe.ts -> src/users/subject.ts',
      'src/wechat/probe.ts -> src/auth/subject.ts',
      'src/users/probe.ts -> src/auth/subject.ts',
      'src/auth/probe.ts -> src/account/subject.ts',
      'src/database/probe.ts -> src/users/subject.ts',
      'src/config/probe.ts -> src/database/subject.ts',
      'src/errors/probe.ts -> src/config/subject.ts',
      'src/crypto/probe.ts -> src/database/subject.ts',
      'src/account/probe.ts -> src/admin/subject.ts',
      'src/health/probe.ts -> src/cli/subject.ts',
      'src/auth/probe.ts -> src/sandbox/subject.ts',
      'src/sandbox/probe.ts -> src/wechat/subject.ts',
    ];
    const allowed = [
      'src/account/probe.ts -> src/auth/subject.ts',
      'src/auth/probe.ts -> src/users/subject.ts',
      'src/auth/probe.ts -> src/wechat/subject.ts',
      'src/users/probe.ts -> src/database/subject.ts',
      'src/database/probe.ts -> src/config/subject.ts',
      'src/wechat/probe.ts -> src/errors/subject.ts',
    ];
    const folder = houseOf([...forbidden, ...allowed]);
    try {
      expect(forbiddenImports(folder)).toEqual(forbidden.toSorted());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The imports that the arrows of this house forbid, in a folder with a `src`; each once. */
function forbiddenImports(folder: string): string[] {
  const cruiser = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(ROOT, '.dependency-cruiser.cjs');
  const report = execFileSync(process.execPath, [cruiser, 'src', '--config', config, '--output-type', 'json'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const { summary } = JSON.parse(report) as {
    summary: { violations: { from: string; to: string }[]; totalDependenciesCruised: number };
  };
  expect(summary.totalDependenciesCruised).toBeGreaterThan(10);
  return [...new Set(summary.violations.map(({ from, to }) => `${from} -> ${to}`))].toSorted();
}

/** Builds a house with these imports in it, somewhere else. */
function houseOf(imports: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'wechat-passport-house-'));
  cpSync(join(ROOT, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const files = new Map<string, string>();
  for (const [from, to] of imports.map((one) => one.split(' -> ') as [string, string])) {
    const path = `../${to.slice('src/'.length).replace(/\.ts$/, '.js')}`;
    files.set(from, `${files.get(from) ?? ''}export * as from${files.size} from '${path}';\n`);
    if (!files.has(to)) files.set(to, 'export const subject = true;\n');
  }
  for (const [path, text] of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
