import { OtpChallengesRepository } from '../../src/auth/sms/otp-challenges.repository.js';
import { Database } from '../../src/database/database.js';
import { statement } from '../../src/database/statement.js';
import { SMS_TO_OUTBOX, codesTo, lastCodeTo, smsCode } from '../support/sms-outbox.js';
import { closeTable } from '../support/table-gate.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer, type Answer } from '../support/test-server.js';

const AT_ONCE = 12;

describeOnPostgres('requests that race for one number', () => {
  let database: TestDatabase;
  let server: TestServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await TestServer.start({ RATE_LIMIT: 'off', DATABASE_POOL_SIZE: '16', ...SMS_TO_OUTBOX }, { database });
  });
  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  /** Sends them so that all of them have come to the table before the first gets at it. */
  async function atOnce(request: () => Promise<Answer>): Promise<Answer[]> {
    const gate = await closeTable(database.url, 'otp_challenges');
    const requests = Array.from({ length: AT_ONCE }, request);
    expect(await gate.openWhenWaiting(AT_ONCE)).toBeGreaterThan(1);
    return Promise.all(requests);
  }

  const statuses = (answers: readonly Answer[]) =>
    answers.map(({ status, body }) => (status < 300 ? status : body.code)).toSorted();

  it('open one session with one right code, and make one user', async () => {
    const phone = '+8613700000001';
    const code = await smsCode(server, phone);
    const answers = await atOnce(() => server.post('/v1/auth/sms/login', { phone, code }));
    expect(statuses(answers)).toEqual([200, ...Array.from({ length: AT_ONCE - 1 }, () => 'OTP_INVALID')]);
    expect(await server.sql('select count(*)::int as count from sessions')).toEqual([{ count: 1 }]);
    expect(await server.sql('select count(*)::int as count from users')).toEqual([{ count: 1 }]);
  });

  it('get five wrong tries of one code looked at and no more', async () => {
    const phone = '+8613700000002';
    const code = await smsCode(server, phone);
    const wrong = code === '000000' ? '000001' : '000000';
    const answers = await atOnce(() => server.post('/v1/auth/sms/login', { phone, code: wrong }));
    expect(statuses(answers)).toEqual(answers.map(() => 'OTP_INVALID'));
    expect(
      await server.sql('select tries, wrong_that_day from otp_challenges where tries > 0 and wrong_that_day > 0'),
    ).toEqual([{ tries: 5, wrong_that_day: 5 }]);
  });

  it('get one message sent', async () => {
    const phone = '+8613700000003';
    const answers = await atOnce(() => server.post('/v1/auth/sms/code', { phone }));
    expect(statuses(answers)).toEqual([204, ...Array.from({ length: AT_ONCE - 1 }, () => 'RATE_LIMITED')]);
    expect(codesTo(phone)).toBe(1);
  });

  it('make one user of one number that two codes prove at the same time', async () => {
    const phone = '+8613700000004';
    const codes: string[] = [];
    for (let time = 0; time < 2; time += 1) {
      codes.push(await smsCode(server, phone));
      await forgetPause();
    }
    // Both have been let through: only the creation of the user is left to race.
    const gate = await closeTable(database.url, 'identities');
    const first = server.post('/v1/auth/sms/login', { phone, code: codes[1] });
    await gate.untilSomebodyWaits();
    const next = await smsCode(server, phone);
    const second = server.post('/v1/auth/sms/login', { phone, code: next });
    expect(await gate.openWhenWaiting(2)).toBe(2);
    const answers = await Promise.all([first, second]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(answers.map(({ body }) => body.user.id)).size).toBe(1);
    expect(answers.map(({ body }) => body.isNewUser).toSorted()).toEqual([false, true]);
  });

  async function forgetPause(): Promise<void> {
    await server.sql(`update otp_challenges set sent_at = sent_at - interval '61 seconds'`);
  }
});

describeOnPostgres('the same race when a code is read first and spent later', () => {
  it('opens many sessions with one code, so the one statement is what decides it', async () => {
    const database = await createTestDatabase();
    const server = await startTestApp({ RATE_LIMIT: 'off', DATABASE_POOL_SIZE: '16', ...SMS_TO_OUTBOX }, { database });
    try {
      weaken(server);
      const post = (path: string, body: object) =>
        fetch(`${server.url}/v1/auth/sms/${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      const phone = '+8613700000009';
      await post('code', { phone });
      const code = lastCodeTo(phone);
      const gate = await closeTable(database.url, 'otp_challenges');
      const requests = Array.from({ length: AT_ONCE }, () => post('login', { phone, code }));
      await gate.openWhenWaiting(AT_ONCE);
      const got = await Promise.all(requests);
      expect(got.filter(({ status }) => status === 200).length).toBeGreaterThan(1);
    } finally {
      await server.close();
      await database.drop();
    }
  });
});

/** Lets the server trust what it read a moment ago. */
function weaken({ app }: TestApp): void {
  const database = app.get(Database);
  const read = statement<{ number_index: Buffer }>(
    'weak_read_otp',
    'select number_index from otp_challenges where number_index = $1 and code_hash = $2',
  );
  const spend = statement('weak_spend_otp', 'update otp_challenges set code_hash = null where number_index = $1');
  app.get(OtpChallengesRepository).try = async (numberIndex, codeHash) => {
    const found = await database.query(read, [numberIndex, codeHash]);
    if (found.length === 0) return 'none';
    await database.query(spend, [numberIndex]);
    return 'right';
  };
}
