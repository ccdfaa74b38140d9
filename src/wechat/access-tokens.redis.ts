import { Injectable } from '@nestjs/common';
import { Sealer, type SealedPlace } from '../crypto/sealer.js';
import { RedisConnection, type RedisScript } from '../database/redis-connection.js';
import {
  FORCED_APART_SECONDS,
  FORCED_A_DAY,
  SharedAccessTokens,
  fingerprintOf,
  type AccessToken,
} from './shared-access-tokens.js';

const FIND: RedisScript = { text: `return { redis.call('HGET', KEYS[1], 'sealed'), redis.call('PTTL', KEYS[1]) }` };

const OFFER: RedisScript = {
  text: `
    local time = redis.call('TIME')
    local expires = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
    if tonumber(redis.call('HGET', KEYS[1], 'expires') or '0') >= expires then return 0 end
    redis.call('HSET', KEYS[1], 'sealed', ARGV[1], 'fingerprint', ARGV[2], 'expires', string.format('%.0f', expires))
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    return 1`,
};

const DROP: RedisScript = {
  text: `
    if redis.call('HGET', KEYS[1], 'fingerprint') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
    return 0`,
};

// 28,800 seconds are Beijing's eight hours; the counts of a day are kept for a little more than a day.
const TAKE_FORCED_RENEWAL: RedisScript = {
  text: `
    local held = redis.call('HGET', KEYS[1], 'fingerprint')
    if held and held ~= ARGV[1] then return 0 end
    local now = tonumber(redis.call('TIME')[1])
    local today = math.floor((now + 28800) / 86400)
    local day, count, at = unpack(redis.call('HMGET', KEYS[2], 'day', 'count', 'at'))
    count = tonumber(day or '0') == today and tonumber(count) or 0
    if count >= ${FORCED_A_DAY} or (at and now < tonumber(at) + ${FORCED_APART_SECONDS}) then return 0 end
    redis.call('HSET', KEYS[2], 'day', today, 'count', count + 1, 'at', now)
    redis.call('EXPIRE', KEYS[2], 90000)
    return 1`,
};

/** Leaves access_tokens in Redis; its clock decides what is newer, and it forgets them when they expire. */
@Injectable()
export class RedisAccessTokens implements SharedAccessTokens {
  constructor(
    private readonly redis: RedisConnection,
    private readonly sealer: Sealer,
  ) {}

  /** @throws SealError - the token was sealed with a master key that is not configured */
  async find(appId: string): Promise<AccessToken | null> {
    const [sealed, millisecondsLeft] = (await this.redis.run(FIND, [tokenKey(appId)], [])) as [string | null, number];
    if (sealed === null) return null;
    const value = this.sealer.open(Buffer.from(sealed, 'base64'), placeOf(appId)).toString('utf8');
    return { value, secondsLeft: millisecondsLeft / 1000 };
  }

  async offer(appId: string, { value, secondsLeft }: AccessToken): Promise<void> {
    const sealed = this.sealer.seal(Buffer.from(value, 'utf8'), placeOf(appId)).toString('base64');
    const milliseconds = String(Math.floor(secondsLeft * 1000));
    await this.redis.run(OFFER, [tokenKey(appId)], [sealed, nameOf(value), milliseconds]);
  }

  async drop(appId: string, value: string): Promise<void> {
    await this.redis.run(DROP, [tokenKey(appId)], [nameOf(value)]);
  }

  async takeForcedRenewal(appId: string, refused: string): Promise<boolean> {
    const keys = [tokenKey(appId), budgetKey(appId)];
    return (await this.redis.run(TAKE_FORCED_RENEWAL, keys, [nameOf(refused)])) === 1;
  }
}

// The braces keep both keys of an app on one node of a cluster.
function tokenKey(appId: string): string {
  return `wechat-passport:{${appId}}:access-token`;
}

function budgetKey(appId: string): string {
  return `wechat-passport:{${appId}}:forced-renewals`;
}

function nameOf(value: string): string {
  return fingerprintOf(value).toString('hex');
}

function placeOf(appId: string): SealedPlace {
  return { table: 'redis', column: 'access-token', row: appId };
}
