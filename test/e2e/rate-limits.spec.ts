import { RateLimitCleaning } from '../../src/limits/rate-limit-cleaning.js';
import { Cleaning } from '../../src/database/cleaning.js';
import { Limits } from '../../src/limits/limits.js';
import { PrivateRedis } from '../support/private-redis.js';
import { ON, describeWithRedis, expectRetryWithin, guess, newAddress, signInFrom } from '../support/rate-limits.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer } from '../support/test-server.js';

// Name of the limit and a keyed hash: nothing of an address, an openid or a number.
const COUNTER = /^[a-z_]+:[A-Za-z0-9_-]{43}$/;

/** What every store of counters has to do. */
function limitTests(start: () => Promise<{ server: TestServer; stop(): Promise<void> }>): () => TestServer {
  let running: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    running = await start();
  });
  afterAll(() => running.stop());

  it('refuses an address after 60 refused codes in a minute, the right code included, and no other address', async () => {
    const { server } = running;
    const address = newAddress();
    expect(await guess(server, 60, address)).toEqual(Array(60).fill(400));
    expectRetryWithin(await signInFrom(server, 'alice', address), 60);
    expect((await signInFrom(server, 'alice', newAddress())).status).toBe(200);
  });

  it('refuses an identity after 20 sign-ins in a minute, wherever it comes from, and nobody else', async () => {
    const { server } = running;
    for (let n = 0; n < 20; n += 1) expect((await signInFrom(server, 'bob', newAddress())).status).toBe(200);
    expectRetryWithin(await signInFrom(server, 'bob', newAddress()), 60);
    expect((await signInFrom(server, 'carol', newAddress())).status).toBe(200);
  });

  it('lets 600 people behind one address sign in within a minute, and refuses the next', async () => {
    const { server } = running;
    const address = newAddress();
    for (let n = 0; n < 600; n += 50) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, m) => signInFrom(server, `person-${n + m}`, address, { createUser: false })),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    }
    expectRetryWithin(await signInFrom(server, 'person-600', address), 60);
  }, 120_000);

  it('refuses a session after 20 refreshes in a minute, and no other session', async () => {
    const { server } = running;
    let refreshToken = (await signInFrom(server, 'dave', newAddress())).body.tokens.refreshToken as string;
    for (let n = 0; n < 20; n += 1) {
      const { status, body } = await server.post('/v1/auth/refresh', { refreshToken });
      expect(status).toBe(200);
      refreshToken = body.refreshToken;
    }
    expectRetryWithin(await server.post('/v1/auth/refresh', { refreshToken }), 60);
    const other = (await signInFrom(server, 'dave', newAddress())).body.tokens.refreshToken as string;
    expect((await server.post('/v1/auth/refresh', { refreshToken: other })).status).toBe(200);
  });

  return () => running.server;
}

describe('rate limits, counted in memory', () => {
  limitTests(async () => {
    const server = await TestServer.start(ON, { postgres: false });
    return { server, stop: () => server.close() };
  });
});

describeOnPostgres('rate limits, counted in PostgreSQL', () => {
  let database: TestDatabase;
  const running = limitTests(async () => {
    database = await createTestDatabase();
    const server = await TestServer.start(ON, { database });
    return {
      server,
      stop: async () => {
        await server.close();
        await database.drop();
      },
    };
  });

  it('keeps keyed hashes there, and nothing of a sign-in that happens less than five times a minute', async () => {
    const keys = async () =>
      (await running().sql<{ key: string }>('select key from rate_limits')).map(({ key }) => key);
    const before = await keys();
    expect(before.length).toBeGreaterThan(2);
    expect(before.filter((key) => !COUNTER.test(key))).toEqual([]);
    expect((await signInFrom(running(), 'seldom', newAddress())).status).toBe(200);
    expect(await keys()).toEqual(before);
  });

  it('goes on counting alone when the counters cannot be reached', async () => {
    await database.query('alter table rate_limits rename to elsewhere');
    try {
      const address = newAddress();
      expect(await guess(running(), 60, address)).toEqual(Array(60).fill(400));
      expectRetryWithin(await signInFrom(running(), 'erin', address), 60);
      expect((await signInFrom(running(), 'erin', newAddress())).status).toBe(200);
    } finally {
      await database.query('alter table elsewhere rename to rate_limits');
    }
  });
});

describeWithRedis('rate limits, counted in Redis', () => {
  let database: TestDatabase;
  let redis: PrivateRedis;
  const running = limitTests(async () => {
    [database, redis] = [await createTestDatabase(), await PrivateRedis.start()];
    const server = await TestServer.start({ ...ON, REDIS_URL: redis.url }, { database });
    return {
      server,
      stop: async () => {
        await server.close();
        await redis.stop();
        await database.drop();
      },
    };
  });

  it('keeps keyed hashes there, and nothing in PostgreSQL', async () => {
    const counters = (await redis.keys()).filter((key) => /^(code_rejected|sign_in_)/.test(key));
    expect(counters.length).toBeGreaterThan(2);
    expect(counters.filter((key) => !COUNTER.test(key))).toEqual([]);
    expect(await running().sql('select key from rate_limits')).toEqual([]);
  });

  it('goes on counting alone when Redis stops in between, and shares again when it is back', async () => {
    const address = newAddress();
    expect(await guess(running(), 30, address)).toEqual(Array(30).fill(400));
    await redis.stop();
    expect(await guess(running(), 30, address)).toEqual(Array(30).fill(400));
    expectRetryWithin(await signInFrom(running(), 'frank', address), 60);
    expect((await signInFrom(running(), 'frank', newAddress())).status).toBe(200);
    await redis.start();
  }, 60_000);
});

describe('the address that is counted', () => {
  const withHops = async (hops: string, test: (server: TestServer) => Promise<void>): Promise<void> => {
    const server = await TestServer.start({ RATE_LIMIT: 'on', TRUST_PROXY: hops }, { postgres: false });
    try {
      await test(server);
    } finally {
      await server.close();
    }
  };

  it('is that of the connection without a trusted proxy, whatever the caller says', () =>
    withHops('0', async (server) => {
      expect(await guess(server, 61, newAddress)).toEqual([...Array<number>(60).fill(400), 429]);
    }));

  it('is what one trusted proxy says, whatever the caller has put before it', () =>
    withHops('1', async (server) => {
      const client = newAddress();
      expect(await guess(server, 61, () => `${newAddress()}, ${client}`)).toEqual([
        ...Array<number>(60).fill(400),
        429,
      ]);
      expect(await guess(server, 1, `${client}, ${newAddress()}`)).toEqual([400]);
    }));

  it('is what the outer of two trusted proxies says', () =>
    withHops('2', async (server) => {
      const [client, inner] = [newAddress(), newAddress()];
      const spoofed = () => `${newAddress()}, ${client}, ${inner}`;
      expect(await guess(server, 61, spoofed)).toEqual([...Array<number>(60).fill(400), 429]);
      expect(await guess(server, 1, `${client}, ${newAddress()}, ${inner}`)).toEqual([400]);
    }));

  it('is the /64 of an IPv6 address', () =>
    withHops('1', async (server) => {
      let host = 0;
      const sameNetwork = () => `2001:db8:1:2:${(host += 1).toString(16)}::1`;
      expect(await guess(server, 61, sameNetwork)).toEqual([...Array<number>(60).fill(400), 429]);
      expect(await guess(server, 1, '2001:db8:1:3::1')).toEqual([400]);
    }));
});

describe('with RATE_LIMIT=off', () => {
  it('nothing is refused, and the log says so', async () => {
    const server = await TestServer.start({ RATE_LIMIT: 'off', TRUST_PROXY: '1' }, { postgres: false });
    expect(await guess(server, 70, newAddress())).toEqual(Array(70).fill(400));
    expect(server.logs.filter((line) => line.includes('RATE_LIMIT is off'))).toHaveLength(1);
    await server.close();
  });
});

describeOnPostgres('counts', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp(ON, { postgres: true });
  });
  afterAll(() => server.close());

  it('are forgotten when their window has passed', async () => {
    const { app, dataSource } = server;
    const limits = app.get(Limits);
    for (const name of ['wechat_phone', 'wechat_decrypt', 'otp_address_day'] as const)
      await limits.consume(name, 'one');
    const left = () => dataSource.query('select key from rate_limits');
    const forget = () => app.get(Cleaning).run(app.get(RateLimitCleaning));

    expect(await forget()).toBe(0);
    expect(await left()).toHaveLength(3);
    await dataSource.query('update rate_limits set expire = expire - 90000000');
    expect(await forget()).toBe(3);
    expect(await left()).toEqual([]);
  });
});
