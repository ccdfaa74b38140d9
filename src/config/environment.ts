import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsUrl, Matches, Max, Min, MinLength } from 'class-validator';
import { TOKEN_CARRIERS, type TokenCarrier } from './token-carriers.js';

const IS_HTTP_URL = { protocols: ['http', 'https'], require_protocol: true, require_tld: false };
const IS_DATABASE_URL = { message: '$property must be a postgres:// or postgresql:// URL' };
const DATABASE_URL_PATTERN = /^postgres(ql)?:\/\/\S+$/;

/** Turns the text of a variable into a number; what is no whole number stays text and is refused by `@IsInt`. */
const Integer = () =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value,
  );

/** Turns `true`/`false`, `on`/`off` and `1`/`0` into a boolean; anything else stays text and is refused by `@IsIn`. */
const Switch = () =>
  Transform(({ value }: { value: unknown }) => {
    if (value === 'true' || value === 'on' || value === '1') return true;
    if (value === 'false' || value === 'off' || value === '0') return false;
    return value;
  });

/** Turns `a, b` into a list without repetitions; an empty name stays one and is refused. */
const Names = () =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? [...new Set(value.split(',').map((name) => name.trim()))] : value,
  );

const IsSwitch = () => IsIn([true, false], { message: '$property must be true or false' });

/**
 * The environment variables this server reads, with their rules.
 *
 * The variables listed in `SECRET_VARIABLES` may also be given as `NAME_FILE`, the path of a file that holds the value.
 * An empty variable counts as absent. What depends on more than one variable is checked in `loadSettings`.
 */
export class Environment {
  @IsIn(['development', 'test', 'production'])
  NODE_ENV: 'development' | 'test' | 'production' = 'development';

  @Integer()
  @IsInt()
  @Min(0)
  @Max(65535)
  PORT = 3000;

  @IsOptional()
  @Matches(/^[A-Za-z0-9.:-]{1,255}$/, { message: '$property must be a host name or an address' })
  HOST?: string;

  @IsOptional()
  @IsUrl(IS_HTTP_URL, { message: '$property must be an http or https URL' })
  PUBLIC_URL?: string;

  @Integer()
  @IsInt()
  @Min(0)
  @Max(32)
  TRUST_PROXY = 0;

  @Integer()
  @IsInt()
  @Min(1)
  @Max(128)
  WORKERS = 1;

  @IsOptional()
  @Matches(DATABASE_URL_PATTERN, IS_DATABASE_URL)
  DATABASE_URL?: string;

  @IsOptional()
  @Matches(DATABASE_URL_PATTERN, IS_DATABASE_URL)
  DATABASE_DIRECT_URL?: string;

  @Integer()
  @IsInt()
  @Min(1)
  @Max(200)
  DATABASE_POOL_SIZE = 12;

  @Switch()
  @IsSwitch()
  DATABASE_PREPARED = true;

  @IsOptional()
  @Matches(/^rediss?:\/\/\S+$/, { message: '$property must be a redis:// or rediss:// URL' })
  REDIS_URL?: string;

  @IsOptional()
  MASTER_KEYS?: string;

  @IsOptional()
  WECHAT_APPS?: string;

  @IsOptional()
  @IsUrl(IS_HTTP_URL, { message: '$property must be an http or https URL' })
  WECHAT_API_BASE_URL?: string;

  @Integer()
  @IsInt()
  @Min(100)
  @Max(30_000)
  WECHAT_TIMEOUT_MS = 3000;

  @Integer()
  @IsInt()
  @Min(10)
  @Max(600)
  USER_DATA_MAX_AGE_SECONDS = 300;

  @IsOptional()
  @Switch()
  @IsSwitch()
  WECHAT_SANDBOX?: boolean;

  @IsOptional()
  @MinLength(16, { message: '$property must have at least 16 characters' })
  SANDBOX_CONTROL_TOKEN?: string;

  @IsIn(['always', 'on_phone', 'never'])
  REGISTRATION: 'always' | 'on_phone' | 'never' = 'always';

  @IsOptional()
  @Matches(/^[\x21-\x7e]{1,64}$/, { message: '$property must be 1 to 64 visible ASCII characters' })
  POLICY_VERSION?: string;

  @IsOptional()
  @Integer()
  @IsInt()
  @Min(0)
  @Max(4)
  RISK_RANK_MAX?: number;

  @IsIn(['admit', 'refuse'])
  RISK_UNKNOWN: 'admit' | 'refuse' = 'admit';

  @Switch()
  @IsSwitch()
  NICKNAME_CHECK = false;

  @Integer()
  @IsInt()
  @Min(0)
  @Max(3660)
  PHONE_TRUST_DAYS = 90;

  @IsOptional()
  @Matches(/^[^\0]{1,4096}$/, { message: '$property must be the path of a module' })
  SMS_PROVIDER_MODULE?: string;

  @Integer()
  @IsInt()
  @Min(60)
  @Max(86_400)
  ACCESS_TOKEN_TTL_SECONDS = 7200;

  @Integer()
  @IsInt()
  @Min(300)
  @Max(366 * 86_400)
  REFRESH_IDLE_TTL_SECONDS = 30 * 86_400;

  @Integer()
  @IsInt()
  @Min(300)
  @Max(3 * 366 * 86_400)
  REFRESH_ABSOLUTE_TTL_SECONDS = 180 * 86_400;

  @Integer()
  @IsInt()
  @Min(1)
  @Max(1000)
  SESSIONS_PER_USER = 20;

  @IsOptional()
  OAUTH_CLIENTS?: string;

  @IsOptional()
  @Matches(/^\S{1,255}$/, { message: '$property must be 1 to 255 characters without spaces' })
  TOKEN_ISSUER?: string;

  @IsOptional()
  @Matches(/^\S{1,255}$/, { message: '$property must be 1 to 255 characters without spaces' })
  TOKEN_AUDIENCE?: string;

  @IsOptional()
  @MinLength(16, { message: '$property must have at least 16 characters' })
  METRICS_TOKEN?: string;

  @Names()
  @IsIn(TOKEN_CARRIERS, { each: true, message: `$property must be a list of ${TOKEN_CARRIERS.join(', ')}` })
  TOKEN_CARRIERS: readonly TokenCarrier[] = ['bearer'];

  @Switch()
  @IsSwitch()
  RESPONSE_ENVELOPE = false;

  @Switch()
  @IsSwitch()
  RATE_LIMIT = true;

  @Integer()
  @IsInt()
  @Min(1)
  @Max(3660)
  AUDIT_RETENTION_DAYS = 180;

  @IsOptional()
  @Switch()
  @IsSwitch()
  DOCS?: boolean;

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  LOG_LEVEL: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent' = 'info';
}

/** Variables that hold a secret and may be given as a file. */
export const SECRET_VARIABLES = [
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'REDIS_URL',
  'MASTER_KEYS',
  'WECHAT_APPS',
  'OAUTH_CLIENTS',
  'SANDBOX_CONTROL_TOKEN',
  'METRICS_TOKEN',
] as const;
