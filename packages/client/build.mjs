// Builds what is published: dist (CommonJS, ES modules, types) and miniprogram_dist (minified, for WeChat's "build npm").
import { rm, stat, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { build } from 'esbuild';

const MINIFIED_BYTES_MAX = 25_000;

const root = import.meta.dirname;
process.chdir(root);
await Promise.all(['dist', 'miniprogram_dist'].map((folder) => rm(folder, { recursive: true, force: true })));
const shared = {
  absWorkingDir: root,
  entryPoints: ['src/index.ts'],
  bundle: true,
  target: 'es2015',
  platform: 'neutral',
  charset: 'utf8',
};
await build({ ...shared, format: 'cjs', outfile: 'dist/index.js' });
await build({ ...shared, format: 'esm', outfile: 'dist/index.mjs' });
await build({ ...shared, format: 'cjs', outfile: 'miniprogram_dist/index.js', minify: true });
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { stdio: 'inherit' });
await writeFile('dist/index.d.mts', "export * from './index.js';\n");

const { size } = await stat('miniprogram_dist/index.js');
console.log(`wechat-passport-client: ${size} bytes minified, of ${MINIFIED_BYTES_MAX}`);
if (size > MINIFIED_BYTES_MAX) throw new Error('The client has grown too big');
