import { Cleaning } from '../../src/database/cleaning.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('the cleaning of failures and codes', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());
  const rows = async (query: string) =>
    (await server.dataSource.query<{ name: string }[]>(query)).map(({ name }) => name);

  it('deletes failures that count no more, and no others, over many chunks', async () => {
    await server.dataSource.query(
      `insert into failed_attempts (subject, failures, failed_at, locked_until)
       select convert_to('old ' || n, 'UTF8'), 3, now() - interval '3601 seconds', now() from generate_series(1, 2100) n
       union all select convert_to('fresh', 'UTF8'), 3, now() - interval '3500 seconds', now()`,
    );
    expect(await server.app.get(Cleaning).runAll()).toBeGreaterThanOrEqual(2100);
    expect(await rows(`select convert_from(subject, 'UTF8') as name from failed_attempts`)).toEqual(['fresh']);
  });

  it('deletes codes of another day, unless their number is still locked', async () => {
    await server.dataSource.query(
      `insert into otp_challenges (number_index, expires_at, locked_until)
       select convert_to(name, 'UTF8'), now() - make_interval(hours => expired), now() + make_interval(hours => locked)
       from (values ('old', 25, null), ('unlocked', 25, -1), ('locked', 25, 1), ('of today', 23, null)) t (name, expired, locked)`,
    );
    await server.app.get(Cleaning).runAll();
    expect(await rows(`select convert_from(number_index, 'UTF8') as name from otp_challenges order by 1`)).toEqual([
      'locked',
      'of today',
    ]);
  });
});
