import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { relative } from 'node:path';

const SOURCE = /^src\/(.*)\.ts$/;

const requireNatively = createRequire(import.meta.url);

/**
 * A Jest transformer that puts, in the place of a module, the exports of the same module as Node itself loads it: what is
 * under `src` from `dist`, a package from where it is.
 *
 * Jest would evaluate Nest, TypeORM and the rest anew for every spec file. So they are loaded once a worker, and what is
 * tested is what is shipped.
 */
export default {
  process: (source, path, options) => ({ code: standIn(source, path, options) }),
  getCacheKey: (source, path, options) =>
    createHash('sha256')
      .update(standIn(source, path, options))
      .digest('hex'),
};

function standIn(source, path, { config, supportsStaticESM, supportsDynamicImport }) {
  // Jest loads `globalSetup` and what that requires by itself, outside of any test.
  if (!supportsDynamicImport) return source;
  const file = nativePath(path, config.rootDir);
  const native = `requireNatively(${JSON.stringify(file)})`;
  if (!supportsStaticESM) return `module.exports = ${native};`;
  const names = Object.keys(requireNatively(file)).filter((name) => name !== 'default');
  return `const native = ${native};
export default native.default;
export const { ${names.join(', ')} } = native;`;
}

function nativePath(path, rootDir) {
  const [, module] = SOURCE.exec(relative(rootDir, path)) ?? [];
  return module === undefined ? path : `${rootDir}/dist/${module}.js`;
}
