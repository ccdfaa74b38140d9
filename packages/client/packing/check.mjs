// Packs the client as npm does and asks the tools of those who will use it: publint, are-the-types-wrong, TypeScript with
// WeChat's own typings, and miniprogram-ci, which builds the npm packages of a mini-program without a network and without a key.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HERE = import.meta.dirname;
const CLIENT = join(HERE, '..');
const BIN = join(HERE, 'node_modules/.bin');
const work = mkdtempSync(join(tmpdir(), 'wechat-passport-client-'));
const run = (command, given, cwd = work) =>
  execFileSync(command, given, { cwd, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });

try {
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', work], CLIENT),
  );
  const tarball = join(work, filename);

  console.log(run(join(BIN, 'publint'), [tarball, '--strict']));
  console.log(run(join(BIN, 'attw'), [tarball, '--no-emoji']));

  const app = join(work, 'mini-program');
  const installed = join(app, 'node_modules/wechat-passport-client');
  mkdirSync(installed, { recursive: true });
  run('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed]);
  checkTypes(app);
  runAlone(join(installed, 'miniprogram_dist/index.js'));
  await packByWechat(app);
  console.log('The package is good for mini-programs.');
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** `wx` of WeChat's typings has to be a platform, without a cast. */
function checkTypes(app) {
  cpSync(join(HERE, 'app.ts'), join(app, 'app.ts'));
  cpSync(join(HERE, 'node_modules/miniprogram-api-typings'), join(app, 'node_modules/miniprogram-api-typings'), {
    recursive: true,
  });
  const compilerOptions = {
    ...{ target: 'es2015', lib: ['es2015'], module: 'esnext', moduleResolution: 'bundler', strict: true, noEmit: true },
    types: ['miniprogram-api-typings'],
  };
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }));
  run(join(BIN, 'tsc'), ['-p', app]);
  console.log('wx of miniprogram-api-typings is a platform.');
}

/** With what a mini-program has, and nothing of Node or a browser. */
function runAlone(file) {
  const globals = ['module', 'exports', 'require', 'setTimeout', 'clearTimeout'];
  const missing = ['process', 'window', 'document', 'fetch', 'URL', 'crypto', 'global', 'globalThis', 'self', 'Buffer'];
  const exported = {};
  const started = new Function(...globals, ...missing, readFileSync(file, 'utf8'));
  started({ exports: exported }, exported, undefined, setTimeout, clearTimeout);
  const kept = {};
  const wx = {
    login: ({ success }) => success({ code: 'a-code' }),
    request: ({ success }) => success({ statusCode: 503, header: {}, data: {} }),
    getStorageSync: (key) => kept[key] || '',
    setStorageSync: (key, data) => void (kept[key] = data),
  };
  const client = exported.createClient({ baseURL: 'https://passport.example.com', platform: wx, autoLogin: false });
  if (typeof client.signIn !== 'function' || typeof exported.AuthError !== 'function')
    throw new Error('it does not run alone');
  console.log('miniprogram_dist runs with setTimeout and nothing else.');
}

async function packByWechat(app) {
  writeFileSync(join(app, 'package.json'), JSON.stringify({ dependencies: { 'wechat-passport-client': '*' } }));
  writeFileSync(join(app, 'app.json'), JSON.stringify({ pages: ['pages/index/index'] }));
  writeFileSync(
    join(app, 'app.js'),
    "const { createClient } = require('wechat-passport-client');\nApp({ createClient });\n",
  );
  writeFileSync(
    join(app, 'project.config.json'),
    JSON.stringify({ appid: 'wx0123456789abcdef', miniprogramRoot: './', compileType: 'miniprogram' }),
  );
  const ci = createRequire(import.meta.url)('miniprogram-ci');
  const result = await ci.packNpmManually({
    packageJsonPath: join(app, 'package.json'),
    miniprogramNpmDistDir: app,
  });
  const packed = join(app, 'miniprogram_npm/wechat-passport-client/index.js');
  if (!existsSync(packed)) throw new Error(`miniprogram-ci packed nothing: ${JSON.stringify(result)}`);
  runAlone(packed);
  console.log(`miniprogram-ci packed it: ${JSON.stringify(result)}`);
}
