import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT, filesUnder, importsOf, packageOf, read, sourceFiles } from '../support/repository.js';

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly scripts: Record<string, string>;
  readonly workspaces: readonly string[];
  readonly overrides?: Record<string, unknown>;
  readonly bin?: string | Record<string, string>;
}

interface LockedPackage {
  readonly version: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Record<string, string>;
  readonly engines?: { readonly node?: string };
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
const require = createRequire(import.meta.url);

// The oldest Node this project promises to run on.
const OLDEST_NODE = '20.19.0';
const INSTALL_LIMIT_BYTES = 350 * 1024 * 1024;

/** Packages that nobody imports although the server does not run without them, and the package that asks for them. */
const PEERS: Readonly<Record<string, string>> = {
  // Serves the page of the documentation.
  '@fastify/static': '@nestjs/swagger',
  passport: '@nestjs/passport',
  rxjs: '@nestjs/core',
};

/** The same for tests and tools. */
const TOOL_PEERS: Readonly<Record<string, string>> = {
  '@swc/core': '@swc/jest',
};

/** Packages that run a script when they are installed, and why nothing is lost under `--ignore-scripts`. */
const INSTALL_SCRIPTS: Readonly<Record<string, string>> = {
  '@parcel/watcher':
    'builds from source only where no prebuilt package exists; jest watches files with it, CI does not',
  '@scarf/scarf': 'reports the installation of swagger-ui-dist to its makers and does nothing else',
  '@swc/core': 'fetches a WebAssembly build only where no prebuilt package exists',
  esbuild: 'checks the prebuilt package, and makes the start of its command faster',
};

/** What the server is said to be built on; a package of the list that is installed is really used. */
const STACK = [
  '@nestjs/core',
  '@nestjs/common',
  '@nestjs/jwt',
  '@nestjs/passport',
  'passport-jwt',
  '@nestjs/axios',
  'axios',
  '@nestjs/typeorm',
  'typeorm',
  'pg',
  'class-validator',
  '@nestjs/swagger',
  '@nestjs/terminus',
  '@electric-sql/pglite',
  'fast-check',
  'jest',
  '@swc/jest',
];

const packagesOf = (files: readonly string[]) =>
  new Set(
    files
      .flatMap(importsOf)
      .map(packageOf)
      .filter((name) => name !== null),
  );

const configurationFiles = readdirSync(ROOT).filter((name) =>
  /^(\.[\w-]+\.[cm]?js|[\w.-]+\.config\.[cm]?[jt]s)$/.test(name),
);
const inServer = packagesOf([...sourceFiles(), 'ormconfig.ts']);
const inTests = packagesOf([
  ...filesUnder('test'),
  ...filesUnder('src', /\.spec\.ts$/),
  ...filesUnder('scripts', /\.[cm]?[jt]s$/),
  ...configurationFiles,
]);
// What package.json's scripts and our own scripts run, and what a configuration names in quotes.
const commands = [
  ...Object.values(manifest.scripts),
  ...filesUnder('scripts', /\.([cm]?[jt]s|sh)$/).map(read),
  ...configurationFiles.map(read),
].join('\n');

describe('the dependencies of the server', () => {
  it('are all imported by it', () => {
    const unused = Object.keys(manifest.dependencies).filter((name) => !inServer.has(name) && !(name in PEERS));
    expect(unused).toEqual([]);
  });

  it('hold everything that it imports', () => {
    expect([...inServer].filter((name) => !(name in manifest.dependencies))).toEqual([]);
  });

  it('have a package that nobody imports only where an imported one asks for it', () => {
    expect(needlessPeers(PEERS, inServer)).toEqual([]);
  });
});

describe('the dependencies of its development', () => {
  it('are all used by tests, configuration or scripts', () => {
    const unused = Object.keys(manifest.devDependencies).filter(
      (name) => !inTests.has(name) && !runs(name) && !describesTypes(name) && !(name in TOOL_PEERS),
    );
    expect(unused).toEqual([]);
  });

  it('hold everything that tests, configuration and scripts import', () => {
    const known = { ...manifest.dependencies, ...manifest.devDependencies };
    const ours = manifest.workspaces.map(
      (folder) => (JSON.parse(read(`${folder}/package.json`)) as { name: string }).name,
    );
    expect([...inTests].filter((name) => !(name in known) && !ours.includes(name))).toEqual([]);
  });

  it('have a package that nobody imports only where an installed one asks for it', () => {
    expect(needlessPeers(TOOL_PEERS, inTests)).toEqual([]);
  });
});

describe('all dependencies', () => {
  it('are pinned to one version', () => {
    const given = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(given.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });

  it('are pinned where they are overridden, too', () => {
    const pinned = /^(\d+\.\d+\.\d+(-[\w.]+)?|\$[\w@/-]+)$/;
    const leaves = (value: unknown): unknown[] =>
      typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [value];
    expect(leaves(manifest.overrides ?? {}).filter((version) => !pinned.test(String(version)))).toEqual([]);
  });

  it('are those the server is said to be built on, and are used', () => {
    const installed = STACK.filter((name) => name in manifest.dependencies || name in manifest.devDependencies);
    expect(installed.length).toBeGreaterThan(STACK.length / 2);
    expect(installed.filter((name) => !inServer.has(name) && !inTests.has(name) && !runs(name))).toEqual([]);
  });

  it('need no install script to work', () => {
    const locked = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript);
    const names = locked.map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect(names.toSorted()).toEqual(Object.keys(INSTALL_SCRIPTS).toSorted());
  });

  it('get their native parts as packages, not by an install script', () => {
    for (const name of ['@swc/core', '@parcel/watcher']) {
      const { optionalDependencies = {} } = lock.packages[`node_modules/${name}`]!;
      const prebuilt = Object.keys(optionalDependencies).filter((part) => /-linux-(x64|arm64)-/.test(part));
      expect(prebuilt).toHaveLength(4);
      expect(prebuilt.filter((part) => !(`node_modules/${part}` in lock.packages))).toEqual([]);
    }
  });

  it(`run on Node ${OLDEST_NODE}`, () => {
    const demands = Object.entries(lock.packages).filter(([, { engines }]) => engines?.node);
    expect(demands.length).toBeGreaterThan(100);
    expect(demands.filter(([, { engines }]) => !admits(engines!.node!))).toEqual([]);
    expect(admits('>=22')).toBe(false);
  });

  it('are locked without the address of a registry, so that any mirror serves them', () => {
    const addressed = Object.entries(lock.packages).filter(([, { resolved, link }]) => resolved && !link);
    expect(addressed.map(([path]) => path)).toEqual([]);
  });

  it('are locked as package.json asks for them', () => {
    const asked = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    const differing = asked.filter(([name, version]) => lock.packages[`node_modules/${name}`]?.version !== version);
    expect(differing).toEqual([]);
  });

  const complete = existsSync(join(ROOT, 'node_modules/typescript'));
  const whenComplete = complete ? it : it.skip;
  whenComplete(`take less than 350 MB${complete ? '' : ' (skipped: installed without development packages)'}`, () => {
    expect(sizeOf(join(ROOT, 'node_modules'))).toBeLessThan(INSTALL_LIMIT_BYTES);
  });
});

function manifestOf(name: string): Manifest & { peerDependencies?: Record<string, string> } {
  return JSON.parse(read(`node_modules/${name}/package.json`)) as ReturnType<typeof manifestOf>;
}

function needlessPeers(peers: Readonly<Record<string, string>>, imported: ReadonlySet<string>): string[] {
  const needed = ([peer, asking]: [string, string]): boolean =>
    !imported.has(peer) && peer in (manifestOf(asking).peerDependencies ?? {});
  return Object.entries(peers)
    .filter((pair) => !needed(pair))
    .map(([peer]) => peer);
}

/** Whether a script or a configuration names the package or one of its commands. */
function runs(name: string): boolean {
  const { bin = {} } = manifestOf(name);
  const names = [name, ...(typeof bin === 'string' ? [] : Object.keys(bin))];
  return names.some((one) => new RegExp(`(^|[\\s'"/])${one.replace(/[/.]/g, '\\$&')}($|[\\s'"/])`, 'm').test(commands));
}

/** Whether it is the types of something that is used here. */
function describesTypes(name: string): boolean {
  const [, described] = /^@types\/(.+)$/.exec(name) ?? [];
  if (described === undefined) return false;
  return described === 'node' || described in manifest.dependencies || described in manifest.devDependencies;
}

function admits(range: string): boolean {
  // Found through the package that brings it: nothing of ours depends on semver itself.
  const semver = createRequire(require.resolve('fastify'))('semver') as { satisfies(v: string, r: string): boolean };
  return semver.satisfies(OLDEST_NODE, range);
}

function sizeOf(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return bytes;
}
