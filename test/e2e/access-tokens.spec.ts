import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import type { TokenErrcode } from '../../src/sandbox/access-tokens.js';
import { AuthorizedCalls, type AuthorizedCall } from '../../src/wechat/authorized-calls.js';
import { SharedAccessTokens } from '../../src/wechat/shared-access-tokens.js';
import { eventually } from '../support/eventually.js';
import { PrivateRedis, describeOnRedis } from '../support/private-redis.js';
import { startSmallUpstream } from '../support/small-upstream.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import type { WechatInstance } from '../support/wechat-instance.js';
import { WechatWorld } from '../support/wechat-world.js';

const [APP, OTHER_APP] = SANDBOX_APPS.map(({ appId }) => appId) as [string, string];
const TIMEOUT_MS = 1500;
const SLACK_MS = 500;

describe('the access_token of an app', () => {
  const world = new WechatWorld(TIMEOUT_MS);
  let instance: WechatInstance;
  beforeAll(() => world.open());
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.reset();
    instance = await world.startInstance();
  });

  it('is fetched once for fifty callers, and kept', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => call(instance)));
    expect(answers.map(({ errcode }) => errcode)).toEqual(Array<number>(50).fill(40003));
    await call(instance);
    expect(world.calls()).toEqual({ stable_token: 1, checksession: 51 });
  });

  it('is each app’s own, and so is its refusal', async () => {
    await Promise.all([call(instance), call(instance, { appId: OTHER_APP })]);
    expect(world.calls()).toEqual({ stable_token: 2, checksession: 2 });
    expect(new Set(world.wechat.calls('checksession').map(({ appId }) => appId))).toEqual(new Set([APP, OTHER_APP]));

    world.wechat.refuseAccessTokens(40001, APP);
    world.wechat.clearCalls();
    await Promise.all([call(instance), call(instance, { appId: OTHER_APP })]);
    expect(world.wechat.calls('stable_token')).toMatchObject([{ appId: APP }]);
  });

  it.each<TokenErrcode>([40001, 40014, 42001])(
    'is fetched anew when WeChat answers %i, and the call repeated',
    async (errcode) => {
      await call(instance);
      world.wechat.refuseAccessTokens(errcode, APP);
      world.wechat.clearCalls();
      expect(await call(instance)).toMatchObject({ errcode: 40003 });
      expect(world.calls()).toEqual({ stable_token: 1, checksession: 2 });
    },
  );

  it('is fetched anew once when fifty callers are refused at once', async () => {
    await call(instance);
    world.wechat.refuseAccessTokens(40001, APP);
    world.wechat.clearCalls();
    const answers = await Promise.all(Array.from({ length: 50 }, () => call(instance)));
    expect(answers.map(({ errcode }) => errcode)).toEqual(Array<number>(50).fill(40003));
    expect(world.calls()).toEqual({ stable_token: 1, checksession: 100 });
  });

  it('is forced only when WeChat goes on handing out what it refuses, and not twice within 30 seconds', async () => {
    const before = await tokenOf(instance);
    world.wechat.clearCalls();
    world.wechat.fail({ api: 'checksession', kind: 'errcode', errcode: 40001 });
    expect(await call(instance)).toMatchObject({ errcode: 40003 });
    // The same again in normal mode, then a forced one.
    expect(world.calls()).toEqual({ stable_token: 2, checksession: 2 });
    const forced = await tokenOf(instance);
    expect(forced).not.toBe(before);

    world.wechat.clearCalls();
    world.wechat.fail({ api: 'checksession', kind: 'errcode', errcode: 40001 });
    await expect(call(instance)).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE', retryAfterSeconds: 30 });
    expect(world.calls()).toEqual({ stable_token: 1, checksession: 1 });

    // The token was good all the time, so the next call goes on with it.
    expect(await call(instance)).toMatchObject({ errcode: 40003 });
    expect(await tokenOf(instance)).toBe(forced);
  });

  it('that is refused a second time is an error, and no third attempt is made', async () => {
    await call(instance);
    world.wechat.refuseAccessTokens(40001, APP);
    world.wechat.clearCalls();
    world.wechat.fail({ api: 'checksession', kind: 'errcode', errcode: 40001, times: 2 });
    await expect(call(instance)).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE', context: { errcode: 40001 } });
    expect(world.calls()).toEqual({ stable_token: 1, checksession: 2 });
  });

  it.each([
    [-1, 'WECHAT_UNAVAILABLE'],
    [40001, 'WECHAT_MISCONFIGURED'],
    [40125, 'WECHAT_MISCONFIGURED'],
    [40164, 'WECHAT_MISCONFIGURED'],
    [89503, 'WECHAT_MISCONFIGURED'],
    [45009, 'WECHAT_RATE_LIMITED'],
    [45011, 'WECHAT_RATE_LIMITED'],
    [99999, 'WECHAT_MISCONFIGURED'],
  ])('that WeChat refuses to give with %i is %s, for all who wait, and is asked for again', async (errcode, code) => {
    world.wechat.fail({ api: 'stable_token', kind: 'errcode', errcode });
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => call(instance)));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code } });
    expect(world.calls()).toEqual({ stable_token: 1 });
    expect(await call(instance)).toMatchObject({ errcode: 40003 });
  });

  it('is waited for no longer than a call may take, its own time included', async () => {
    const delay = { kind: 'delay', ms: TIMEOUT_MS * 0.7 } as const;
    world.wechat.fail({ api: 'stable_token', ...delay });
    world.wechat.fail({ api: 'checksession', ...delay });
    const began = performance.now();
    await expect(call(instance)).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    expect(world.calls()).toEqual({ stable_token: 1, checksession: 1 });
  });

  it('never reaches a log, whatever happens', async () => {
    await call(instance);
    const tokens = [await tokenOf(instance)];
    world.wechat.fail({ api: 'checksession', kind: 'errcode', errcode: 40001 });
    await call(instance);
    tokens.push(await tokenOf(instance));
    world.wechat.fail({ api: 'checksession', kind: 'reset' });
    await expect(call(instance)).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
    world.wechat.fail({ api: 'checksession', kind: 'errcode', errcode: 40001 });
    await expect(call(instance)).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE' });

    const told = instance.logs.join('');
    expect(told).toContain('forcing another');
    for (const secret of [...tokens, SANDBOX_APPS[0]!.secret]) expect(told).not.toContain(secret);
  });

  it('is not sent twice with a POST whose answer is lost', async () => {
    await call(instance);
    world.wechat.clearCalls();
    world.wechat.fail({ api: 'getuserphonenumber', kind: 'reset' });
    const phone = { api: 'getuserphonenumber', path: '/wxa/business/getuserphonenumber', body: { code: 'c' } } as const;
    await expect(call(instance, { ...phone, query: {} })).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
    expect(world.calls()).toEqual({ getuserphonenumber: 1 });
  });
});

describe('an access_token that WeChat gives for a short time', () => {
  const world = new WechatWorld(TIMEOUT_MS);
  beforeAll(() => world.open());
  afterAll(() => world.close());
  beforeEach(() => world.reset());

  it('is renewed before its end', async () => {
    let given = 0;
    const upstream = await startSmallUpstream(({ url }, response) => {
      if (!url!.startsWith('/cgi-bin')) return void response.end(JSON.stringify({ errcode: 40003 }));
      given += 1;
      response.end(JSON.stringify({ access_token: `short-lived-${given}`, expires_in: 2 }));
    });
    const instance = await world.startInstance({ WECHAT_API_BASE_URL: upstream.url });
    await call(instance);
    await call(instance);
    expect(given).toBe(1);
    await eventually('it is renewed', async () => (await call(instance)) && given === 2);
    expect(upstream.requests.at(-1)).toContain('access_token=short-lived-2');
    await upstream.close();
  });

  it.each([
    ['nothing', {}],
    ['no text', { access_token: 1, expires_in: 7200 }],
    ['too long a text', { access_token: 'x'.repeat(513), expires_in: 7200 }],
    ['no time', { access_token: 'token' }],
    ['no time left', { access_token: 'token', expires_in: 0 }],
  ])('is not believed when it is %s', async (_what, answer) => {
    const upstream = await startSmallUpstream((_request, response) => void response.end(JSON.stringify(answer)));
    const instance = await world.startInstance({ WECHAT_API_BASE_URL: upstream.url });
    await expect(call(instance)).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
    expect(upstream.requests).toHaveLength(1);
    await upstream.close();
  });
});

describeOnPostgres('several instances on one PostgreSQL', () => {
  const world = new WechatWorld(TIMEOUT_MS);
  let database: TestDatabase;
  beforeAll(async () => {
    await world.open();
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });
  beforeEach(async () => {
    await world.reset();
    await database.query('delete from wechat_access_tokens');
  });

  shareOneToken(world, () => ({ DATABASE_URL: database.url }));

  it('do not take over a token that is about to expire', async () => {
    const environment = { DATABASE_URL: database.url };
    await call(await world.startInstance(environment));
    for (const [seconds, fetched] of [
      [300, 1],
      [230, 2],
    ] as const) {
      await database.query(`update wechat_access_tokens set expires_at = now() + make_interval(secs => $1)`, [seconds]);
      await call(await world.startInstance(environment));
      expect(world.calls()['stable_token']).toBe(fetched);
    }
  });

  it('get along when a token was sealed with another master key', async () => {
    const environment = { DATABASE_URL: database.url };
    await call(await world.startInstance(environment));
    const other = await world.startInstance({
      ...environment,
      MASTER_KEYS: `other:${Buffer.alloc(32, 7).toString('base64')}`,
    });
    expect(await call(other)).toMatchObject({ errcode: 40003 });
    expect(other.logs.filter((line) => line.includes('not shared'))).toHaveLength(1);
  });
});

describeOnRedis('several instances on one Redis', () => {
  const world = new WechatWorld(TIMEOUT_MS);
  let redis: PrivateRedis;
  beforeAll(async () => {
    await world.open();
    redis = await PrivateRedis.start();
  });
  afterAll(async () => {
    await world.close();
    await redis.stop();
  });
  beforeEach(async () => {
    await world.reset();
    await redis.command('FLUSHALL');
  });

  shareOneToken(world, () => ({ REDIS_URL: redis.url }));

  it('go on without Redis, say so once, and share again when it is back', async () => {
    const [one, two] = [
      await world.startInstance({ REDIS_URL: redis.url }),
      await world.startInstance({ REDIS_URL: redis.url }),
    ];
    await redis.stop();
    await Promise.all(Array.from({ length: 5 }, () => call(one)));
    await call(two);
    world.wechat.refuseAccessTokens(40001, APP);
    expect(await call(one)).toMatchObject({ errcode: 40003 });
    expect(world.calls()).toMatchObject({ stable_token: 3 });
    expect(one.logs.filter((line) => line.includes('Redis cannot be reached'))).toHaveLength(1);

    await redis.start();
    await eventually(
      'it is back',
      () => one.logs.concat(two.logs).filter((line) => line.includes('Redis is back')).length === 2,
    );
    world.wechat.refuseAccessTokens(40001, APP);
    world.wechat.clearCalls();
    await call(one);
    await call(two);
    expect(world.calls()).toMatchObject({ stable_token: 1 });
  });

  it('start without Redis', async () => {
    const instance = await world.startInstance({ REDIS_URL: 'redis://:CANARY@127.0.0.1:9' });
    const began = performance.now();
    expect(await call(instance)).toMatchObject({ errcode: 40003 });
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS);
    expect(instance.logs.join('')).not.toContain('CANARY');
  });
});

/** The same for both places where a token can be shared. */
function shareOneToken(world: WechatWorld, environment: () => NodeJS.ProcessEnv): void {
  it('share one token', async () => {
    const [one, two] = [await world.startInstance(environment()), await world.startInstance(environment())];
    await call(one);
    await Promise.all(Array.from({ length: 20 }, () => call(two)));
    expect(world.calls()).toEqual({ stable_token: 1, checksession: 21 });
    expect(await tokenOf(two)).toBe(await tokenOf(one));
  });

  it('learn of a refusal once: what one has fetched anew the other takes over', async () => {
    const [one, two] = [await world.startInstance(environment()), await world.startInstance(environment())];
    await call(one);
    await call(two);
    world.wechat.refuseAccessTokens(42001, APP);
    world.wechat.clearCalls();
    await call(one);
    await call(two);
    expect(world.calls()).toEqual({ stable_token: 1, checksession: 4 });
  });

  it('respect one budget: only one of them forces a renewal', async () => {
    const instances = [await world.startInstance(environment()), await world.startInstance(environment())];
    await Promise.all(instances.map((instance) => call(instance)));
    const before = await tokenOf(instances[0]!);
    world.wechat.clearCalls();
    world.wechat.fail({ api: 'checksession', kind: 'errcode', errcode: 40001, times: 2 });
    const outcomes = await Promise.allSettled(instances.map((instance) => call(instance)));
    // The one that comes too late takes over the new token, or is told to wait while it is being fetched.
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ retryAfterSeconds: 30 });
    }
    const after = await tokenOf(instances[0]!);
    expect(after).not.toBe(before);

    // A second forced renewal would have ended the first one's token.
    for (const instance of instances) expect(await call(instance)).toMatchObject({ errcode: 40003 });
    expect(await tokenOf(instances[1]!)).toBe(after);
  });
}

/** A call that says something only if its access_token is good: nobody has this openid. */
function call(instance: WechatInstance, other: Partial<AuthorizedCall> = {}) {
  const query = { openid: 'nobody', signature: 'x', sig_method: 'hmac_sha256' };
  return instance
    .get(AuthorizedCalls, { strict: false })
    .send({ api: 'checksession', appId: APP, path: '/wxa/checksession', query, answers: [40003], ...other });
}

/** The token that the instances share now. */
async function tokenOf(instance: WechatInstance): Promise<string> {
  await call(instance);
  return (await instance.get(SharedAccessTokens, { strict: false }).find(APP))!.value;
}
