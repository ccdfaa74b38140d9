import { availableParallelism } from 'node:os';

// What Jest compiles. Everything else it takes from Node.
const root = import.meta.dirname.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const COMPILED = `^${root}/(test|examples|packages/client/src)/.+\\.ts$|\\.spec\\.ts$`;

/** @type {import('jest').Config} */
const config = {
  testEnvironment: '<rootDir>/test/support/native/environment.mjs',
  // `source`: the client's sources, not what was built of them.
  testEnvironmentOptions: { globalsCleanup: 'off', customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    [COMPILED]: [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
      },
    ],
    '.': '<rootDir>/test/support/native/load-natively.mjs',
  },
  transformIgnorePatterns: [],
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // Most of a test's time is waiting for a server that starts, or for a database.
  maxWorkers: 2 * availableParallelism(),
  testTimeout: 60_000,
};

export default config;
