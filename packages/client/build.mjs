// Builds what is published: dist (CommonJS, ES modules, types) and miniprogram_dist (minified, for WeChat's "build npm").
import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { minify } from '@swc/core';
import { build } from 'esbuild';

const ROOT = import.meta.dirname;
const MINIFIED_BYTES_MAX = 12_000;

// What our modules call one another by, and nobody else does. Short names are given to these alone.
const INTERNAL = [
  ...['kept', 'change', 'made', 'trusted', 'silently', 'byWechat', 'keep', 'end', 'reopen', 'liveTicket'],
  ...['forgetTicket', 'era', 'keyedAt', 'isGood', 'prepare', 'sendTap'],
];

async function bundle(options) {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/index.ts'],
    bundle: true,
    write: false,
    target: 'es2015',
    platform: 'neutral',
    charset: 'utf8',
    ...options,
  });
  return outputFiles[0].text;
}

/** CommonJS as a mini-program's tools read it, without the ceremony that other CommonJS needs. */
async function miniProgramCode() {
  const modules = await bundle({ format: 'esm', mangleProps: new RegExp(`^(${INTERNAL.join('|')})$`) });
  const { code } = await minify(modules, {
    module: true,
    compress: { passes: 3, ecma: 2015 },
    mangle: { toplevel: true },
    ecma: 2015,
  });
  const [, exported] = /export\s*\{([^}]*)\};?\s*$/.exec(code);
  const assignments = exported.split(',').map((one) => one.trim().replace(/^(\S+) as (\S+)$/, 'exports.$2=$1'));
  return `${code.replace(/export\s*\{[^}]*\};?\s*$/, '')}${assignments.join(';')};\n`;
}

const folders = ['dist', 'miniprogram_dist'].map((folder) => join(ROOT, folder));
await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
await Promise.all(folders.map((folder) => mkdir(folder)));
const code = await miniProgramCode();
await writeFile(join(ROOT, 'miniprogram_dist/index.js'), code);
await writeFile(join(ROOT, 'dist/index.js'), await bundle({ format: 'cjs' }));
await writeFile(join(ROOT, 'dist/index.mjs'), await bundle({ format: 'esm' }));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: ROOT, stdio: 'inherit' });
await writeFile(join(ROOT, 'dist/index.d.mts'), "export * from './index.js';\n");

const size = Buffer.byteLength(code);
console.log(`wechat-passport-client: ${size} bytes minified, of ${MINIFIED_BYTES_MAX}`);
if (size > MINIFIED_BYTES_MAX) throw new Error('The client has grown too big');
