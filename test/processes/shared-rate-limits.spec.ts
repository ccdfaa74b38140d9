import { PrivateRedis } from '../support/private-redis.js';
import { ON, describeWithRedis, guess, newAddress, signInFrom } from '../support/rate-limits.js';
import { ServerChildren } from '../support/server-child.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';

const LIMIT_MS = 120_000;

describeOnPostgres('rate limits of two processes, counted in PostgreSQL', () => {
  it('are counted together', () => withDatabase((database) => expectSharedCounters(database, {})), LIMIT_MS);
});

describeWithRedis('rate limits of two processes, counted in Redis', () => {
  it(
    'are counted together',
    () =>
      withDatabase(async (database) => {
        const redis = await PrivateRedis.start();
        await expectSharedCounters(database, { REDIS_URL: redis.url }).finally(() => redis.stop());
      }),
    LIMIT_MS,
  );
});

async function withDatabase(work: (database: TestDatabase) => Promise<void>): Promise<void> {
  const database = await createTestDatabase();
  await work(database).finally(() => database.drop());
}

/** Two processes know what the other has counted: at once where failures count, five sign-ins later where successes do. */
async function expectSharedCounters(database: TestDatabase, environment: NodeJS.ProcessEnv): Promise<void> {
  const children = await ServerChildren.on(database, { ...ON, ...environment });
  try {
    const [one, two] = [await children.start(), await children.start()];
    const address = newAddress();
    expect(await guess(one, 60, address)).toEqual(Array(60).fill(400));
    expect(await guess(two, 3, address)).toEqual([400, 429, 429]);

    for (let n = 0; n < 20; n += 1) expect((await signInFrom(one, 'grace', newAddress())).status).toBe(200);
    const statuses: number[] = [];
    for (let n = 0; n < 8; n += 1) statuses.push((await signInFrom(two, 'grace', newAddress())).status);
    expect(statuses.slice(0, 4)).toEqual(Array(4).fill(200));
    expect(statuses.at(-1)).toBe(429);
  } finally {
    await children.close();
  }
}
