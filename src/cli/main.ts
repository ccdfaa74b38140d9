import type { INestApplicationContext } from '@nestjs/common';
import { ConfigurationError } from '../config/configuration-error.js';
import { loadSettings } from '../config/load-settings.js';
import type { Settings } from '../config/settings.js';
import { createLogger } from '../logging/logger.js';
import { clientSecret } from './client-commands.js';

type Run = (app: INestApplicationContext, ...given: string[]) => Promise<void>;

interface Command {
  /** Loads what does it: with it comes the server, which a mistyped word need not wait for. */
  readonly load: () => Promise<Run>;
  readonly help: string;
  readonly takes?: RegExp;
}

const keyCommands = () => import('./key-commands.js');
const userCommands = () => import('./user-commands.js');

const COMMANDS: Readonly<Record<string, Command>> = {
  'keys list': { load: async () => (await keyCommands()).listKeys, help: 'the signing keys and their status' },
  'keys rotate': {
    load: async () => (await keyCommands()).rotateKeys,
    takes: /^refresh$/,
    help: 'sign with the next key; also: keys rotate refresh',
  },
  'keys revoke': {
    load: async () => (await keyCommands()).revokeKey,
    takes: /./,
    help: 'keys revoke <kid>: refuse everything that this key signed',
  },
  'keys reseal': {
    load: async () => (await keyCommands()).resealKeys,
    help: 'seal everything stored with the first of MASTER_KEYS',
  },
  'users disable': {
    load: async () => (await userCommands()).disableUser,
    takes: /./,
    help: 'users disable <user id>: end all sessions, refuse sign-in',
  },
  'users enable': {
    load: async () => (await userCommands()).enableUser,
    takes: /./,
    help: 'users enable <user id>',
  },
  'users unmerge': {
    load: async () => (await userCommands()).unmergeUser,
    takes: /./,
    help: 'users unmerge <absorbed user id>: undo a merge of the last 30 days',
  },
  'audit export': {
    load: async () => (await import('./audit-commands.js')).exportAudit,
    takes: /^--(since|user)\b/,
    help: 'audit export [--since <ISO 8601>] [--user <user id>]: events as JSON lines, oldest first',
  },
};

const USAGE = [
  'usage: npm run cli -- <command>',
  '  clients secret  make a secret for OAUTH_CLIENTS, and its hash',
  ...Object.entries(COMMANDS).map(([name, { help }]) => `  ${name.padEnd(15)} ${help}`),
].join('\n');

async function main([topic = '', verb = '', ...given]: readonly string[]): Promise<void> {
  const name = `${topic} ${verb}`;
  if (name === 'clients secret') return clientSecret();
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command || (given.length > 0 && !command.takes?.test(given.join(' ')))) throw new ConfigurationUsage(USAGE);
  const settings = commandSettings();
  const [run, app] = [await command.load(), await openApp(settings)];
  try {
    await run(app, ...given);
  } finally {
    await app.close();
  }
}

/** The server without its listener. */
async function openApp(settings: Settings): Promise<INestApplicationContext> {
  const { NestFactory } = await import('@nestjs/core');
  const { AppModule } = await import('../app.module.js');
  const { NestLogger } = await import('../logging/nest-logger.js');
  const logger = createLogger('error', process.stderr);
  return NestFactory.createApplicationContext(AppModule.forRoot(settings, logger), {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
}

/** A command listens to nobody, so it needs no pretended WeChat. */
function commandSettings(): Settings {
  const settings = loadSettings(process.env);
  return { ...settings, sandbox: { ...settings.sandbox, enabled: false } };
}

/** The command line makes no sense. */
class ConfigurationUsage extends Error {}

main(process.argv.slice(2)).then(
  () => process.exit(process.exitCode ?? 0),
  (error: unknown) => {
    const expected = error instanceof ConfigurationUsage || error instanceof ConfigurationError;
    console.error(expected || error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
