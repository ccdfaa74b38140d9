import { SessionCleaning } from '../../src/auth/sessions/session-cleaning.js';
import { Cleaning } from '../../src/database/cleaning.js';
import { Database } from '../../src/database/database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { describeOnPostgres } from '../support/test-database.js';

const DEAD = 2500;

describeOnPostgres('cleaning dead sessions', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp({}, { postgres: true });
  });
  afterAll(() => server.close());

  const clean = () => server.app.get(Cleaning).run(server.app.get(SessionCleaning));
  const count = async (): Promise<number> =>
    (await server.dataSource.query<{ n: number }[]>('select count(*)::int as n from sessions'))[0]!.n;

  it('deletes what has been dead for a week, on one instance at a time', async () => {
    await server.dataSource.query(
      `insert into sessions (id, user_id, app_id, amr, roles, idle_expires_at, absolute_expires_at)
       select gen_random_uuid(), gen_random_uuid(), 'wx1', '{wx}', '{}',
              now() - make_interval(days => case when n <= ${DEAD} then 8 else 6 end), now()
       from generate_series(1, ${DEAD} + 10) as n`,
    );
    await server.app.get(Database).transaction(async (transaction) => {
      // Another instance is at it.
      await transaction.query({ name: 'other_instance', text: 'select pg_advisory_xact_lock(7283646102)' }, []);
      expect(await clean()).toBe(0);
      expect(await count()).toBe(DEAD + 10);
    });
    expect(await clean()).toBe(DEAD);
    expect(await count()).toBe(10);
  });
});
