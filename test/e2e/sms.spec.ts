import { expectProblem } from '../support/problems.js';
import { putPassword } from '../support/password-person.js';
import {
  SMS_TO_OUTBOX,
  codesTo,
  failSending,
  lastCodeTo,
  passOtpTime,
  smsCode,
  smsSignIn,
} from '../support/sms-outbox.js';
import { TestServer, type Answer } from '../support/test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ RATE_LIMIT: 'off', ...SMS_TO_OUTBOX });
});
afterAll(() => server.close());

const CODE = '/v1/auth/sms/code';
const LOGIN = '/v1/auth/sms/login';

let last = 0;
/** A number that no other test uses. */
function freshNumber(): string {
  last += 1;
  return `+86138${String(last).padStart(8, '0')}`;
}

const login = (phone: string, code: string): Promise<Answer> => server.post(LOGIN, { phone, code });
const ask = (phone: string): Promise<Answer> => server.post(CODE, { phone });
const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
const retryAfter = (answer: Answer): number => Number(answer.headers.get('retry-after'));

describe('a sign-in by SMS', () => {
  it('makes an account of an unknown number, and finds it again', async () => {
    const phone = freshNumber();
    const first = await smsSignIn(server, phone, { device: { id: 'device-1' }, appId: 'wxsandbox000000002' });
    expect(first.body).toMatchObject({ status: 'signed_in', isNewUser: true, user: { phone: '138******01' } });
    expect(first.body.user.identities).toEqual([{ id: expect.any(String), kind: 'phone' }]);
    const token = first.body.tokens.accessToken as string;
    expect((await server.get('/v1/users/me', { token })).body).toEqual(first.body.user);
    expect((await server.get('/v1/auth/session', { token })).body.appId).toBe('wxsandbox000000002');

    await passOtpTime(server, 61);
    const typed = phone.replace('+86', '');
    expect((await ask(typed)).status).toBe(204);
    const second = await login(typed, lastCodeTo(phone));
    expect(second.body).toMatchObject({ isNewUser: false, user: { id: first.body.user.id } });
    const rows = await server.sql('select amr, identity_id from sessions where user_id = $1', [first.body.user.id]);
    expect(rows).toEqual([
      { amr: ['sms'], identity_id: null },
      { amr: ['sms'], identity_id: null },
    ]);
  });

  it('is the same number with spaces, without a country code, and with one', async () => {
    const phone = freshNumber();
    const code = await smsCode(server, phone);
    const spaced = phone.replace(/^\+86(\d{3})(\d{4})(\d{4})$/, '+86 $1 $2 $3');
    expect((await login(spaced, code)).status).toBe(200);
  });

  it('refuses somebody disabled, with the right code only', async () => {
    const phone = freshNumber();
    const { body } = await smsSignIn(server, phone);
    await server.sql(`update users set status = 'disabled' where id = $1`, [body.user.id]);
    await passOtpTime(server, 61);
    const code = await smsCode(server, phone);
    expectProblem(await login(phone, wrong(code)), 'OTP_INVALID');
    expectProblem(await login(phone, code), 'USER_DISABLED');
  });

  it('refuses a ticket that nobody issued, and spends no code on it', async () => {
    const phone = freshNumber();
    const code = await smsCode(server, phone);
    expectProblem(await server.post(LOGIN, { phone, code, ticket: 'no-such-ticket' }), 'TICKET_INVALID');
    expect((await login(phone, code)).status).toBe(200);
  });

  it('lets its session set a password without another proof, for ten minutes', async () => {
    const phone = freshNumber();
    const { body } = await smsSignIn(server, phone);
    const token = body.tokens.accessToken as string;
    const first = { newPassword: 'first password 1', username: 'sms.person' };
    expect((await putPassword(server, token, first)).status).toBe(204);
    // Forgotten: the same again.
    expect((await putPassword(server, token, { newPassword: 'second password 2' })).status).toBe(204);
    await server.sql(`update sessions set created_at = created_at - interval '601 seconds' where user_id = $1`, [
      body.user.id,
    ]);
    const third = { newPassword: 'third password 3' };
    expectProblem(await putPassword(server, token, third), 'PROOF_REQUIRED');
    const proved = { ...third, currentPassword: 'second password 2' };
    expect((await putPassword(server, token, proved)).status).toBe(204);
  });
});

describe('a number that was proved long ago', () => {
  const proveLongAgo = (userId: string) =>
    server.sql(`update users set phone_proved_at = now() - interval '91 days' where id = $1`, [userId]);

  it('is not enough when the account has another way in: it may be somebody else’s by now', async () => {
    const phone = freshNumber();
    const { body } = await smsSignIn(server, phone);
    const token = body.tokens.accessToken as string;
    await putPassword(server, token, { newPassword: 'another way in', username: 'another.way' });
    await passOtpTime(server, 61);
    expect((await smsSignIn(server, phone)).body.user.id).toBe(body.user.id);

    await proveLongAgo(body.user.id as string);
    await passOtpTime(server, 61);
    expectProblem(await smsSignIn(server, phone), 'PHONE_ALREADY_LINKED');
    const [row] = await server.sql<{ old: boolean }>(
      `select phone_proved_at < now() - interval '90 days' as old from users where id = $1`,
      [body.user.id],
    );
    expect(row!.old).toBe(true);

    // They say that the account is not theirs, and get a new one with the number.
    await passOtpTime(server, 61);
    const heir = await smsSignIn(server, phone, { claimPhone: true });
    expect(heir.body).toMatchObject({ isNewUser: true, user: { phone: body.user.phone } });
    expect((await server.get('/v1/users/me', { token })).body).toMatchObject({ id: body.user.id, phone: null });
  });

  it('is enough when there is no other way in, and is then proved anew', async () => {
    const phone = freshNumber();
    const { body } = await smsSignIn(server, phone);
    await proveLongAgo(body.user.id as string);
    await passOtpTime(server, 61);
    expect((await smsSignIn(server, phone)).body.user.id).toBe(body.user.id);
    const [row] = await server.sql<{ fresh: boolean }>(
      `select phone_proved_at > now() - interval '1 minute' as fresh from users where id = $1`,
      [body.user.id],
    );
    expect(row!.fresh).toBe(true);
  });
});

describe('somebody new by SMS', () => {
  it('is refused where nobody may register', async () => {
    const closed = await TestServer.start({ REGISTRATION: 'never', ...SMS_TO_OUTBOX });
    try {
      const phone = freshNumber();
      expectProblem(await smsSignIn(closed, phone), 'FORBIDDEN');
      expect(await closed.sql('select id from users')).toEqual([]);
    } finally {
      await closed.close();
    }
  });

  it('agrees to the current policy, which is recorded', async () => {
    const careful = await TestServer.start({ POLICY_VERSION: '2026-01', ...SMS_TO_OUTBOX });
    try {
      expectProblem(await smsSignIn(careful, freshNumber()), 'VALIDATION_FAILED');
      const phone = freshNumber();
      const agreed = await smsSignIn(careful, phone, { consent: { policyVersion: '2026-01' } });
      expect(agreed.body.isNewUser).toBe(true);
      await passOtpTime(careful, 61);
      expect((await smsSignIn(careful, phone)).body).toMatchObject({ isNewUser: false });
    } finally {
      await careful.close();
    }
  });
});

describe('a one-time code', () => {
  it('is six digits, and another one each time', async () => {
    const codes = new Set<string>();
    for (let time = 0; time < 8; time += 1) {
      const code = await smsCode(server, freshNumber());
      expect(code).toMatch(/^\d{6}$/);
      codes.add(code);
    }
    expect(codes.size).toBeGreaterThan(5);
  });

  it('works once', async () => {
    const phone = freshNumber();
    const code = await smsCode(server, phone);
    expect((await login(phone, code)).status).toBe(200);
    expectProblem(await login(phone, code), 'OTP_INVALID');
  });

  it('works for ten minutes', async () => {
    const [early, late] = [freshNumber(), freshNumber()];
    const codes = [await smsCode(server, early), await smsCode(server, late)] as const;
    await passOtpTime(server, 570);
    expect((await login(early, codes[0])).status).toBe(200);
    await passOtpTime(server, 31);
    expectProblem(await login(late, codes[1]), 'OTP_INVALID');
  });

  it('is for its number only', async () => {
    const [mine, yours] = [freshNumber(), freshNumber()];
    const code = await smsCode(server, mine);
    await smsCode(server, yours);
    expectProblem(await login(yours, code), 'OTP_INVALID');
    expect((await login(mine, code)).status).toBe(200);
  });

  it('is replaced by the next one', async () => {
    const phone = freshNumber();
    const old = await smsCode(server, phone);
    await passOtpTime(server, 61);
    const code = await smsCode(server, phone);
    if (code !== old) expectProblem(await login(phone, old), 'OTP_INVALID');
    expect((await login(phone, code)).status).toBe(200);
  });

  it('survives four wrong tries and not five, even with the right one', async () => {
    const [four, five] = [freshNumber(), freshNumber()];
    for (const [phone, tries, status] of [
      [four, 4, 200],
      [five, 5, 400],
    ] as const) {
      const code = await smsCode(server, phone);
      for (let time = 0; time < tries; time += 1) expectProblem(await login(phone, wrong(code)), 'OTP_INVALID');
      expect((await login(phone, code)).status).toBe(status);
    }
  });

  it('is sent once a minute, whoever asks', async () => {
    const phone = freshNumber();
    await smsCode(server, phone);
    const again = await ask(phone);
    expectProblem(again, 'RATE_LIMITED');
    expect(retryAfter(again)).toBeGreaterThan(50);
    expect(retryAfter(again)).toBeLessThanOrEqual(60);
    expect(codesTo(phone)).toBe(1);
    await passOtpTime(server, 61);
    await smsCode(server, phone);
    expect(codesTo(phone)).toBe(2);
  });

  it('is sent ten times a day, and no more until the day is over', async () => {
    const phone = freshNumber();
    for (let time = 0; time < 10; time += 1) {
      await smsCode(server, phone);
      await passOtpTime(server, 61);
    }
    const eleventh = await ask(phone);
    expectProblem(eleventh, 'RATE_LIMITED');
    expect(retryAfter(eleventh)).toBeGreaterThan(80_000);
    await passOtpTime(server, 86_400);
    await smsCode(server, phone);
    expect(codesTo(phone)).toBe(11);
  });

  it('locks its number for a day after fifteen wrong ones, for sending too', async () => {
    const phone = freshNumber();
    for (let round = 0; round < 3; round += 1) {
      const code = await smsCode(server, phone);
      for (let time = 0; time < 5; time += 1) expectProblem(await login(phone, wrong(code)), 'OTP_INVALID');
      await passOtpTime(server, 61);
    }
    const locked = await login(phone, '000000');
    expectProblem(locked, 'RATE_LIMITED');
    expect(retryAfter(locked)).toBeGreaterThan(86_000);
    expectProblem(await ask(phone), 'RATE_LIMITED');
    await passOtpTime(server, 86_400);
    expect((await smsSignIn(server, phone)).status).toBe(200);
  });

  it('can be asked for again at once when it could not be sent, and says nothing of why', async () => {
    const phone = freshNumber();
    failSending(new Error(`cannot reach ${phone} with ${'x'.repeat(10)}`));
    const failed = await ask(phone);
    failSending(null);
    expectProblem(failed, 'SERVICE_UNAVAILABLE');
    expect((await smsSignIn(server, phone)).status).toBe(200);
    expect(server.logs.join('')).not.toContain(phone);
  });

  it('tells nobody whether a number is known: the same answer for both', async () => {
    const [known, unknown] = [freshNumber(), freshNumber()];
    await smsSignIn(server, known);
    await passOtpTime(server, 61);
    const answers = [await ask(known), await ask(unknown)];
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [204, ''],
      [204, ''],
    ]);
    expectProblem(await login(known, wrong(lastCodeTo(known))), 'OTP_INVALID');
    expectProblem(await login(unknown, wrong(lastCodeTo(unknown))), 'OTP_INVALID');
    expectProblem(await login(freshNumber(), '123456'), 'OTP_INVALID');
  });
});

describe('what is secret about a number', () => {
  it('stands neither in a copy of the database nor in a log', async () => {
    const phone = '+8613955512345';
    const code = await smsCode(server, phone);
    await login(phone, wrong(code));
    const tables = await server.sql<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public'`,
    );
    const copy = async (): Promise<string> => {
      const rows = await Promise.all(tables.map(({ name }) => server.sql(`select t::text as row from ${name} t`)));
      return JSON.stringify(rows);
    };
    const [before] = await server.sql<{ row: string }>(
      'select o::text as row from otp_challenges o order by expires_at desc limit 1',
    );
    expect(before!.row).not.toContain(code);
    const { body } = await login(phone, code);
    const text = (await copy()) + server.logs.join('');
    expect(text).toContain(body.user.id);
    // Bytes are shown in hexadecimal.
    for (const form of ['13955512345', Buffer.from(phone).toString('hex')]) expect(text).not.toContain(form);
  });
});

describe('messages for one address', () => {
  it('are thirty a day, to whatever numbers', async () => {
    const limited = await TestServer.start({ RATE_LIMIT: 'on', ...SMS_TO_OUTBOX });
    try {
      for (let time = 0; time < 30; time += 1) await smsCode(limited, freshNumber());
      const answer = await limited.post(CODE, { phone: freshNumber() });
      expectProblem(answer, 'RATE_LIMITED');
      expect(retryAfter(answer)).toBeGreaterThan(80_000);
    } finally {
      await limited.close();
    }
  });
});

describe('a request that cannot be right', () => {
  it.each([
    '',
    '1',
    '123',
    'not a number',
    '+86',
    '+8613800138000x',
    '＋８６１３８００１３８０００',
    '+86138\u0000001380',
    '1'.repeat(33),
    '+999123456789',
    "'; drop table users; --",
    13_800_138_000,
    null,
    ['+8613800138000'],
    { phone: '+8613800138000' },
  ])('has the phone %j', async (phone) => {
    expectProblem(await server.post(CODE, { phone }), 'VALIDATION_FAILED');
    expectProblem(await server.post(LOGIN, { phone, code: '123456' }), 'VALIDATION_FAILED');
  });

  it.each(['', '12345', '1234567', '12345a', '１２３４５６', ' 123456', '123456\n', 123_456, null, ['123456']])(
    'has the code %j',
    async (code) => {
      expectProblem(await server.post(LOGIN, { phone: '+8613900139000', code }), 'VALIDATION_FAILED');
    },
  );
});

describe('without a provider', () => {
  const production = {
    NODE_ENV: 'production',
    MASTER_KEYS: `main:${Buffer.alloc(32, 9).toString('base64')}`,
    WECHAT_APPS: JSON.stringify([{ appId: 'wx1234567890abcdef', secret: 'x1y2z3'.repeat(6) }]),
    LOG_LEVEL: 'warn',
  };
  const whenPostgres = process.env['DATABASE_URL'] ? it : it.skip;

  whenPostgres(
    'production refuses both routes and warned at the start (skipped on the embedded database)',
    async () => {
      const bare = await TestServer.start(production);
      try {
        expectProblem(await bare.post(CODE, { phone: '+8613900139001' }), 'FORBIDDEN');
        expectProblem(await bare.post(LOGIN, { phone: '+8613900139001', code: '123456' }), 'FORBIDDEN');
        expect(bare.logs.some((line) => line.includes('sign-in by SMS is off'))).toBe(true);
      } finally {
        await bare.close();
      }
    },
  );
});
