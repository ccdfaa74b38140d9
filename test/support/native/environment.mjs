import { createRequire } from 'node:module';
import { TestEnvironment } from 'jest-environment-node';
import { lendEmbeddedDatabases } from './embedded-databases.mjs';

if (process.env.TEST_EMBEDDED_TEMPLATE) lendEmbeddedDatabases(process.env.TEST_EMBEDDED_TEMPLATE);

// Classes that decorators name, and that what the server makes is an instance of.
const SHARED = { process, Reflect, Object, String, Number, Boolean, Date };

/**
 * Where specs run: in a context of their own each, but with some globals of the process itself, and with a way to the
 * modules that Node itself has loaded (see `load-natively.mjs`).
 */
export default class NativeEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, SHARED, { requireNatively: createRequire(import.meta.url) });
  }

  /** Loads the server as a whole first: Node 20 cannot require every part of it by itself. */
  async setup() {
    await super.setup();
    await import('../../../dist/start-server.js');
  }
}
