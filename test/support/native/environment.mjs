import { createRequire } from 'node:module';
import { TestEnvironment } from 'jest-environment-node';
import { lendEmbeddedDatabases } from './embedded-databases.mjs';

if (process.env.TEST_EMBEDDED_TEMPLATE) lendEmbeddedDatabases(process.env.TEST_EMBEDDED_TEMPLATE);

/**
 * Where specs run: in a context of their own each, but with the process's own `process` and `Reflect`, and with a way to
 * the modules that Node itself has loaded (see `load-natively.mjs`).
 */
export default class NativeEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, { process, Reflect, requireNatively: createRequire(import.meta.url) });
  }
}
