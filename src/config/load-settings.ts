import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { MasterKey } from '../crypto/sealer.js';
import { ConfigurationError } from './configuration-error.js';
import { developmentMasterKey } from './development-master-key.js';
import { Environment, SECRET_VARIABLES } from './environment.js';
import { parseMasterKeys } from './parse-master-keys.js';
import { parseOAuthClients } from './parse-oauth-clients.js';
import { parseWechatApps } from './parse-wechat-apps.js';
import { PRINTED_SECRETS, SANDBOX_APPS } from './sandbox-apps.js';
import { serverUrl } from './server-url.js';
import type { DatabaseSettings, Settings, WechatApp } from './settings.js';

/** Where WeChat itself answers. */
export const WECHAT_API = 'https://api.weixin.qq.com';

const LOOPBACK_HOSTS = new Set(['127.0.0.1', '::1', 'localhost']);

export interface LoadOptions {
  /** Folder of the embedded database and of the development keys. */
  readonly dataDirectory?: string;
  /** Keeps the embedded database in memory. */
  readonly inMemory?: boolean;
}

/**
 * Reads, checks and freezes the configuration.
 *
 * @throws ConfigurationError with every problem in one list; no value is printed
 */
export function loadSettings(variables: NodeJS.ProcessEnv, options: LoadOptions = {}): Settings {
  const problems: string[] = [];
  const environment = readEnvironment(variables, problems);
  const dataDirectory = resolve(options.dataDirectory ?? '.data');

  const production = environment.NODE_ENV === 'production';
  const host = environment.HOST ?? (production ? '0.0.0.0' : '127.0.0.1');
  const sandbox = environment.WECHAT_SANDBOX ?? (!production && !environment.WECHAT_APPS && !environment.DATABASE_URL);
  const apps = environment.WECHAT_APPS ? parseWechatApps(environment.WECHAT_APPS, problems) : [];

  checkLifetimes(environment, problems);
  if (production) checkProduction(environment, apps, problems);
  else if (!environment.WECHAT_APPS && !sandbox) {
    problems.push('WECHAT_APPS: is required without the sandbox; set it, or set WECHAT_SANDBOX=true');
  }
  if (sandbox) checkSandboxListener(host, environment, problems);
  if (environment.WORKERS > 1) checkWorkers(sandbox, environment, problems);
  const masterKeys = environment.MASTER_KEYS ? parseMasterKeys(environment.MASTER_KEYS, problems) : [];
  const clients = environment.OAUTH_CLIENTS ? parseOAuthClients(environment.OAUTH_CLIENTS, problems) : [];
  if (problems.length > 0) throw new ConfigurationError(problems);

  const localUrl = serverUrl(host, environment.PORT);
  const publicUrl = withoutTrailingSlash(environment.PUBLIC_URL ?? localUrl);
  return freeze({
    server: {
      production,
      host,
      port: environment.PORT,
      publicUrl,
      trustProxyHops: environment.TRUST_PROXY,
      workers: environment.WORKERS,
      docs: environment.DOCS ?? !production,
      logLevel: environment.LOG_LEVEL,
      metricsToken: environment.METRICS_TOKEN ?? null,
      responseEnvelope: environment.RESPONSE_ENVELOPE,
    },
    database: databaseSettings(environment, options),
    redis: { url: environment.REDIS_URL ?? null },
    masterKeys: { masterKeys: masterKeys.length > 0 ? masterKeys : developmentMasterKeys(dataDirectory) },
    wechat: {
      apps: apps.length > 0 ? apps : SANDBOX_APPS,
      apiBaseUrl: withoutTrailingSlash(environment.WECHAT_API_BASE_URL ?? (sandbox ? localUrl : WECHAT_API)),
      timeoutMs: environment.WECHAT_TIMEOUT_MS,
      userDataMaxAgeSeconds: environment.USER_DATA_MAX_AGE_SECONDS,
    },
    sandbox: { enabled: sandbox, controlToken: environment.SANDBOX_CONTROL_TOKEN ?? null },
    tokens: {
      issuer: environment.TOKEN_ISSUER ?? publicUrl,
      audience: environment.TOKEN_AUDIENCE ?? publicUrl,
      accessTtlSeconds: environment.ACCESS_TOKEN_TTL_SECONDS,
      refreshIdleTtlSeconds: environment.REFRESH_IDLE_TTL_SECONDS,
      refreshAbsoluteTtlSeconds: environment.REFRESH_ABSOLUTE_TTL_SECONDS,
      sessionsPerUser: environment.SESSIONS_PER_USER,
      carriers: environment.TOKEN_CARRIERS,
    },
    oauth: { clients },
    phones: { trustDays: environment.PHONE_TRUST_DAYS },
    sms: { providerModule: environment.SMS_PROVIDER_MODULE ? resolve(environment.SMS_PROVIDER_MODULE) : null },
    registration: {
      policy: environment.REGISTRATION,
      policyVersion: environment.POLICY_VERSION ?? null,
      riskRankMax: environment.RISK_RANK_MAX ?? null,
      admitsUnknownRisk: environment.RISK_UNKNOWN === 'admit',
    },
    profiles: { checksNicknames: environment.NICKNAME_CHECK },
    audit: { retentionDays: environment.AUDIT_RETENTION_DAYS },
    limits: { enabled: environment.RATE_LIMIT },
  });
}

/**
 * Reads only where the database is, for commands that need nothing else.
 *
 * @throws ConfigurationError with every problem of the environment in one list
 */
export function loadDatabaseSettings(variables: NodeJS.ProcessEnv, options: LoadOptions = {}): DatabaseSettings {
  const problems: string[] = [];
  const environment = readEnvironment(variables, problems);
  if (environment.NODE_ENV === 'production' && !environment.DATABASE_URL) {
    problems.push('DATABASE_URL: is required in production');
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return Object.freeze(databaseSettings(environment, options));
}

function databaseSettings(environment: Environment, options: LoadOptions): DatabaseSettings {
  return {
    url: environment.DATABASE_URL ?? null,
    directUrl: environment.DATABASE_DIRECT_URL ?? environment.DATABASE_URL ?? null,
    directory: options.inMemory ? null : resolve(options.dataDirectory ?? '.data', 'database'),
    poolSize: environment.DATABASE_POOL_SIZE,
    prepared: environment.DATABASE_PREPARED,
  };
}

function readEnvironment(variables: NodeJS.ProcessEnv, problems: string[]): Environment {
  const given: Record<string, string> = {};
  for (const name of Object.keys(new Environment()).concat(optionalNames())) {
    const value = variables[name];
    if (value !== undefined && value !== '') given[name] = value;
  }
  for (const name of SECRET_VARIABLES) {
    const file = variables[`${name}_FILE`];
    if (!file) continue;
    if (given[name] !== undefined) problems.push(`${name}: is set both directly and as ${name}_FILE`);
    try {
      given[name] = readFileSync(file, 'utf8').trim();
    } catch {
      problems.push(`${name}_FILE: the file cannot be read`);
    }
  }
  const environment = plainToInstance(Environment, given, { exposeDefaultValues: true });
  for (const { property, constraints } of validateSync(environment, {
    forbidUnknownValues: true,
    stopAtFirstError: true,
  })) {
    for (const message of Object.values(constraints ?? {})) {
      problems.push(`${property}: ${message.replace(`${property} `, '')}`);
    }
  }
  return environment;
}

/** Variables without a default leave no trace on a fresh instance. */
function optionalNames(): string[] {
  return [
    'HOST',
    'PUBLIC_URL',
    'WECHAT_API_BASE_URL',
    'WECHAT_SANDBOX',
    'TOKEN_ISSUER',
    'TOKEN_AUDIENCE',
    'SMS_PROVIDER_MODULE',
    'POLICY_VERSION',
    'RISK_RANK_MAX',
    'DOCS',
    ...SECRET_VARIABLES,
  ];
}

function checkLifetimes(environment: Environment, problems: string[]): void {
  const { ACCESS_TOKEN_TTL_SECONDS, REFRESH_IDLE_TTL_SECONDS, REFRESH_ABSOLUTE_TTL_SECONDS } = environment;
  if (ACCESS_TOKEN_TTL_SECONDS > REFRESH_IDLE_TTL_SECONDS) {
    problems.push('ACCESS_TOKEN_TTL_SECONDS: must not exceed REFRESH_IDLE_TTL_SECONDS');
  }
  if (REFRESH_IDLE_TTL_SECONDS > REFRESH_ABSOLUTE_TTL_SECONDS) {
    problems.push('REFRESH_IDLE_TTL_SECONDS: must not exceed REFRESH_ABSOLUTE_TTL_SECONDS');
  }
}

function checkProduction(environment: Environment, apps: readonly WechatApp[], problems: string[]): void {
  const required = { DATABASE_URL: '', MASTER_KEYS: '', WECHAT_APPS: '', PUBLIC_URL: '' };
  for (const name of Object.keys(required) as (keyof typeof required)[]) {
    if (!environment[name]) problems.push(`${name}: is required in production`);
  }
  if (environment.WECHAT_SANDBOX) {
    problems.push('WECHAT_SANDBOX: the sandbox is a master key to every account and is refused in production');
  }
  const weak = [
    ...(environment.MASTER_KEYS ?? '').split(',').map((entry) => ['MASTER_KEYS', entry.split(':')[1] ?? ''] as const),
    ...apps.flatMap((app, index) =>
      (['secret', 'pushToken', 'pushAesKey'] as const).map(
        (field) => [`WECHAT_APPS[${index}].${field}`, app[field] ?? ''] as const,
      ),
    ),
    ['METRICS_TOKEN', environment.METRICS_TOKEN ?? ''] as const,
  ];
  for (const [where, secret] of weak) {
    if (PRINTED_SECRETS.has(secret))
      problems.push(`${where}: is printed in the documentation and therefore not a secret`);
  }
  apps.forEach((app, index) => {
    if (app.secret !== undefined && app.secret.length < 16)
      problems.push(`WECHAT_APPS[${index}].secret: is too short to be an AppSecret`);
  });
}

function checkSandboxListener(host: string, environment: Environment, problems: string[]): void {
  if (!LOOPBACK_HOSTS.has(host) && !environment.SANDBOX_CONTROL_TOKEN) {
    problems.push('SANDBOX_CONTROL_TOKEN: is required when the sandbox listens on more than the loopback address');
  }
}

/** Workers share the database alone, so what lives in the memory of one process cannot serve several. */
function checkWorkers(sandbox: boolean, environment: Environment, problems: string[]): void {
  if (!environment.DATABASE_URL) {
    problems.push('WORKERS: more than one needs DATABASE_URL; the embedded database belongs to one process');
  }
  if (sandbox) problems.push('WORKERS: more than one needs a sandbox of its own (npm run sandbox), or none');
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

function developmentMasterKeys(dataDirectory: string): MasterKey[] {
  const damage: string[] = [];
  const masterKeys = parseMasterKeys(developmentMasterKey(dataDirectory), damage);
  if (damage.length === 0) return masterKeys;
  throw new ConfigurationError([`${dataDirectory}/master-key: is damaged; restore it, or delete the whole folder`]);
}

/** Freezes every object and list within; bytes cannot be frozen. */
function freeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
