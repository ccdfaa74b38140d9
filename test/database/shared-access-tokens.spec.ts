import { DataSource } from 'typeorm';
import { SharedAccessTokens } from '../../src/wechat/shared-access-tokens.js';
import { eventually } from '../support/eventually.js';
import { PrivateRedis, describeOnRedis } from '../support/private-redis.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { startWechatInstance, type WechatInstance } from '../support/wechat-instance.js';

const APP = 'wxsandbox000000001';
const OTHER_APP = 'wxsandbox000000002';
const TOKEN = 'CANARY-access-token-one';
const ANOTHER = 'CANARY-access-token-two';

/** A place where tokens are shared, open to whoever tests it. */
interface Place {
  /** Lets so many seconds pass since the last forced renewal; 86400 is a day. */
  forcedSecondsAgo(seconds: number): Promise<void>;
  /** Everything that lies there, as text. */
  dump(): Promise<string>;
}

describe('on the embedded database', () => {
  let instance: WechatInstance;
  beforeAll(async () => {
    instance = await startWechatInstance({});
  });
  afterAll(() => instance.close());

  sharing(
    async () => [instance],
    () => onDatabase((text, values) => instance.get(DataSource, { strict: false }).query(text, values)),
  );
});

describeOnPostgres('on PostgreSQL', () => {
  let database: TestDatabase;
  let instances: WechatInstance[];
  beforeAll(async () => {
    database = await createTestDatabase();
    const environment = { DATABASE_URL: database.url };
    instances = [await startWechatInstance(environment), await startWechatInstance(environment)];
  });
  afterAll(async () => {
    for (const instance of instances) await instance.close();
    await database.drop();
  });

  sharing(
    async () => instances,
    () => onDatabase((text, values) => database.query(text, values)),
  );
});

describeOnRedis('on Redis', () => {
  let redis: PrivateRedis;
  let instances: WechatInstance[];
  beforeAll(async () => {
    redis = await PrivateRedis.start();
    const environment = { REDIS_URL: redis.url };
    instances = [await startWechatInstance(environment), await startWechatInstance(environment)];
  });
  afterAll(async () => {
    for (const instance of instances) await instance.close();
    await redis.stop();
  });

  sharing(
    async () => instances,
    () => onRedis(redis),
  );
});

function sharing(instances: () => Promise<readonly WechatInstance[]>, place: () => Place): void {
  let one: SharedAccessTokens;
  let two: SharedAccessTokens;
  beforeEach(async () => {
    const [first, second = first] = await instances();
    one = first!.get(SharedAccessTokens, { strict: false });
    two = second!.get(SharedAccessTokens, { strict: false });
    for (const app of [APP, OTHER_APP]) for (const value of [TOKEN, ANOTHER]) await one.drop(app, value);
  });

  it('a token that one leaves is found by the other, with the time it has left', async () => {
    expect(await two.find(APP)).toBeNull();
    await one.offer(APP, { value: TOKEN, secondsLeft: 7200 });
    const found = await two.find(APP);
    expect(found?.value).toBe(TOKEN);
    expect(found?.secondsLeft).toBeGreaterThan(7190);
    expect(found?.secondsLeft).toBeLessThanOrEqual(7200);
  });

  it('a token lies there sealed', async () => {
    await one.offer(APP, { value: TOKEN, secondsLeft: 7200 });
    const lies = await place().dump();
    expect(lies).toContain(APP);
    expect(lies).not.toContain('CANARY');
    expect(lies).not.toContain(Buffer.from(TOKEN).toString('hex'));
    expect(lies).not.toContain(Buffer.from(TOKEN).toString('base64').slice(0, 20));
  });

  it('a newer token replaces an older one, and never the other way round', async () => {
    await one.offer(APP, { value: TOKEN, secondsLeft: 7000 });
    await two.offer(APP, { value: ANOTHER, secondsLeft: 7200 });
    await one.offer(APP, { value: TOKEN, secondsLeft: 7100 });
    expect((await one.find(APP))?.value).toBe(ANOTHER);
  });

  it('of many offered at once the newest stays', async () => {
    const ages = [5, 1, 9, 3, 7, 2, 8, 4, 6, 0];
    await Promise.all(
      ages.map((age, index) =>
        (index % 2 ? one : two).offer(APP, { value: `token-${age}`, secondsLeft: 7000 - age * 60 }),
      ),
    );
    expect((await two.find(APP))?.value).toBe('token-0');
    await one.drop(APP, 'token-0');
  });

  it('an app’s token is not another’s', async () => {
    await one.offer(APP, { value: TOKEN, secondsLeft: 7200 });
    await one.offer(OTHER_APP, { value: ANOTHER, secondsLeft: 7200 });
    await two.drop(OTHER_APP, ANOTHER);
    expect((await two.find(APP))?.value).toBe(TOKEN);
    expect(await two.find(OTHER_APP)).toBeNull();
  });

  it('only the very token that was refused is dropped', async () => {
    await one.offer(APP, { value: ANOTHER, secondsLeft: 7200 });
    await two.drop(APP, TOKEN);
    expect((await one.find(APP))?.value).toBe(ANOTHER);
    await two.drop(APP, ANOTHER);
    expect(await one.find(APP)).toBeNull();
    // After a drop even one that expires earlier is better than none.
    await one.offer(APP, { value: TOKEN, secondsLeft: 600 });
    expect((await two.find(APP))?.value).toBe(TOKEN);
  });

  it('a token that has expired is not found', async () => {
    await one.offer(APP, { value: TOKEN, secondsLeft: 0.001 });
    await eventually('it has expired', async () => (await two.find(APP)) === null);
  });

  describe('the budget of forced renewals', () => {
    beforeEach(() => place().forcedSecondsAgo(2 * 86_400));

    it('goes to one of many who ask at once', async () => {
      const asked = Array.from({ length: 20 }, (_one, index) => (index % 2 ? one : two).takeForcedRenewal(APP, TOKEN));
      expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(1);
    });

    it('allows one every 30 seconds', async () => {
      expect(await one.takeForcedRenewal(APP, TOKEN)).toBe(true);
      await place().forcedSecondsAgo(28);
      expect(await two.takeForcedRenewal(APP, TOKEN)).toBe(false);
      await place().forcedSecondsAgo(31);
      expect(await two.takeForcedRenewal(APP, TOKEN)).toBe(true);
    });

    it('allows 20 a day, and again 20 on the next', async () => {
      const taken: boolean[] = [];
      for (let attempt = 0; attempt < 22; attempt += 1) {
        await place().forcedSecondsAgo(attempt === 0 ? 2 * 86_400 : 31);
        taken.push(await (attempt % 2 ? one : two).takeForcedRenewal(APP, TOKEN));
      }
      expect(taken).toEqual([...Array<boolean>(20).fill(true), false, false]);
      await place().forcedSecondsAgo(86_400);
      expect(await one.takeForcedRenewal(APP, TOKEN)).toBe(true);
    });

    it('is not touched when another token is there already', async () => {
      await one.offer(APP, { value: ANOTHER, secondsLeft: 7200 });
      expect(await two.takeForcedRenewal(APP, TOKEN)).toBe(false);
      expect(await two.takeForcedRenewal(APP, ANOTHER)).toBe(true);
    });

    it('is each app’s own', async () => {
      expect(await one.takeForcedRenewal(APP, TOKEN)).toBe(true);
      expect(await two.takeForcedRenewal(OTHER_APP, TOKEN)).toBe(true);
    });
  });
}

function onDatabase(query: (text: string, values?: unknown[]) => Promise<unknown>): Place {
  return {
    forcedSecondsAgo: async (seconds) => {
      await query(
        `update wechat_access_tokens set forced_at = now() - make_interval(secs => $1),
                forced_on = case when $1 >= 86400 then forced_on - 1 else forced_on end`,
        [seconds],
      );
    },
    dump: async () =>
      JSON.stringify(
        await query(`select app_id, encode(token_sealed, 'hex') as sealed, encode(token_sealed, 'escape') as text,
                            encode(fingerprint, 'hex') as fingerprint from wechat_access_tokens`),
      ),
  };
}

function onRedis(redis: PrivateRedis): Place {
  return {
    forcedSecondsAgo: async (seconds) => {
      for (const app of [APP, OTHER_APP]) {
        const key = `wechat-passport:{${app}}:forced-renewals`;
        if ((await redis.command('EXISTS', key)) === 0) continue;
        await redis.command('HSET', key, 'at', String(Math.floor(Date.now() / 1000) - seconds));
        if (seconds >= 86_400) await redis.command('HINCRBY', key, 'day', '-1');
      }
    },
    dump: async () => {
      const keys = (await redis.command('KEYS', '*')) as string[];
      const values = await Promise.all(keys.map((key) => redis.command('HGETALL', key)));
      return JSON.stringify([keys, values]);
    },
  };
}
