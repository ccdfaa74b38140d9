import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { AppModule } from '../app.module.js';
import { ConfigurationError } from '../config/configuration-error.js';
import { loadSettings } from '../config/load-settings.js';
import type { Settings } from '../config/settings.js';
import { createLogger } from '../logging/logger.js';
import { NestLogger } from '../logging/nest-logger.js';
import { exportAudit } from './audit-commands.js';
import { clientSecret } from './client-commands.js';
import { listKeys, resealKeys, revokeKey, rotateKeys } from './key-commands.js';
import { disableUser, enableUser, unmergeUser } from './user-commands.js';

type Command = (app: INestApplicationContext, ...given: string[]) => Promise<void>;

const COMMANDS: Readonly<Record<string, { run: Command; help: string; takes?: RegExp }>> = {
  'keys list': { run: listKeys, help: 'the signing keys and their status' },
  'keys rotate': { run: rotateKeys, takes: /^refresh$/, help: 'sign with the next key; also: keys rotate refresh' },
  'keys revoke': { run: revokeKey, takes: /./, help: 'keys revoke <kid>: refuse everything that this key signed' },
  'keys reseal': { run: resealKeys, help: 'seal everything stored with the first of MASTER_KEYS' },
  'users disable': {
    run: disableUser,
    takes: /./,
    help: 'users disable <user id>: end all sessions, refuse sign-in',
  },
  'users enable': { run: enableUser, takes: /./, help: 'users enable <user id>' },
  'users unmerge': {
    run: unmergeUser,
    takes: /./,
    help: 'users unmerge <absorbed user id>: undo a merge of the last 30 days',
  },
  'audit export': {
    run: exportAudit,
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
  const logger = createLogger('error', process.stderr);
  const app = await NestFactory.createApplicationContext(AppModule.forRoot(commandSettings(), logger), {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  try {
    await command.run(app, ...given);
  } finally {
    await app.close();
  }
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
