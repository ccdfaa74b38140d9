import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/cli-run.js';
import { eventually } from '../support/eventually.js';

/** What has to be installed, as Debian and Ubuntu call it. */
export const APACHE_PACKAGES = ['apache2', 'libapache2-mod-oauth2'];

const BINARY = '/usr/sbin/apache2';
const MODULE_FOLDER = '/usr/lib/apache2/modules';
const MODULES = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'oauth2'];

const moduleFile = (name: string) => join(MODULE_FOLDER, `mod_${name}.so`);

/** Whether this machine has Apache and its module for OAuth 2.0 resource servers. */
export const hasApache = [BINARY, ...MODULES.map(moduleFile)].every((file) => existsSync(file));

/** An Apache of our own, in a folder of its own. */
export interface ApacheServer {
  readonly url: string;
  /** What it wrote into its log so far. */
  log(): string;
  stop(): Promise<void>;
}

/**
 * Starts Apache with folders that only a good access token opens.
 *
 * @param verifications by the name of a folder: the arguments of `OAuth2TokenVerify`
 * @param claims what every token must say, beside that
 */
export async function startApache(
  verifications: Readonly<Record<string, string>>,
  claims: Readonly<Record<string, string>>,
): Promise<ApacheServer> {
  const root = mkdtempSync(join(tmpdir(), 'wechat-passport-apache-'));
  // Its workers are another user, if it is started by root.
  chmodSync(root, 0o755);
  mkdirSync(join(root, 'run'));
  for (const name of Object.keys(verifications)) {
    mkdirSync(join(root, 'pages', name), { recursive: true });
    writeFileSync(join(root, 'pages', name, 'index.html'), `the page of ${name}\n`);
  }
  const port = await freePort();
  writeFileSync(join(root, 'apache.conf'), configuration(root, port, verifications, claims));

  const child = spawn(BINARY, ['-d', root, '-f', join(root, 'apache.conf'), '-DFOREGROUND'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const log = () => readFileSync(join(root, 'error.log'), 'utf8');
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(root, { recursive: true, force: true });
  };
  try {
    await eventually('Apache answers', () => {
      if (child.exitCode !== null) throw new Error(`Apache ended: ${log()}`);
      return fetch(url).then(
        () => true,
        () => false,
      );
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, log, stop };
}

function configuration(
  root: string,
  port: string,
  verifications: Readonly<Record<string, string>>,
  claims: Readonly<Record<string, string>>,
): string {
  const locations = Object.entries(verifications).map(([name, verify]) => [
    `<Location "/${name}">`,
    '  AuthType oauth2',
    `  OAuth2TokenVerify ${verify}`,
    '  <RequireAll>',
    ...Object.entries(claims).map(([claim, value]) => `    Require oauth2_claim ${claim}:${value}`),
    '  </RequireAll>',
    '</Location>',
  ]);
  return [
    `ServerRoot "${root}"`,
    'ServerName apache.test',
    `Listen 127.0.0.1:${port}`,
    `DefaultRuntimeDir "${root}/run"`,
    `PidFile "${root}/run/apache.pid"`,
    `Mutex "file:${root}/run" default`,
    `ErrorLog "${root}/error.log"`,
    'LogLevel warn oauth2:debug',
    ...(process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []),
    ...MODULES.map((name) => `LoadModule ${name}_module "${moduleFile(name)}"`),
    'StartServers 1',
    'ServerLimit 1',
    'ThreadsPerChild 8',
    'MaxRequestWorkers 8',
    `DocumentRoot "${root}/pages"`,
    `<Directory "${root}/pages">`,
    '  Require all granted',
    '</Directory>',
    ...locations.flat(),
    '',
  ].join('\n');
}
