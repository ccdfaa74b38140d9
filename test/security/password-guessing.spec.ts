import { AttemptsRepository } from '../../src/auth/credentials/attempts.repository.js';
import { Database } from '../../src/database/database.js';
import { statement } from '../../src/database/statement.js';
import { passwordLogin, personWithPassword, putPassword, type PasswordPerson } from '../support/password-person.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import { TestServer, type Answer } from '../support/test-server.js';

const WRONG = 'not the password';
const NOBODY = 'nobody.at.all';
const retryAfter = (answer: Answer): number => Number(answer.headers.get('retry-after'));

describe('whoever guesses at passwords', () => {
  let server: TestServer;
  let person: PasswordPerson;
  let withoutPassword: string;

  beforeAll(async () => {
    server = await TestServer.start({ RATE_LIMIT: 'off' });
    person = await personWithPassword(server, 'alice');
    withoutPassword = (await personWithPassword(server, 'bob')).username;
    await server.sql(
      `update users set password_hash = null where id = (select user_id from identities where subject = $1)`,
      [withoutPassword],
    );
  });
  afterAll(() => server.close());
  beforeEach(() => server.sql('delete from failed_attempts'));

  /** How many password hashes the process has computed to compare with. */
  async function verifications(): Promise<number> {
    const { body } = await server.get('/metrics');
    return Number(/^password_hash_seconds_count\{operation="verify"\} (\d+)$/m.exec(body as string)?.[1] ?? 0);
  }

  /** Lets so many seconds pass for all failures. */
  const pass = (seconds: number) =>
    server.sql(
      `update failed_attempts set failed_at = failed_at - make_interval(secs => $1),
         locked_until = locked_until - make_interval(secs => $1)`,
      [seconds],
    );

  it('hears the same of a wrong password, of nobody’s name and of somebody without a password', async () => {
    const answers: Answer[] = [];
    for (const name of [person.username, NOBODY, withoutPassword]) {
      const before = await verifications();
      answers.push(await passwordLogin(server, name, WRONG));
      // Each costs one computation, so none is faster by it.
      expect([name, (await verifications()) - before]).toEqual([name, 1]);
    }
    for (const answer of answers) expectProblem(answer, 'CREDENTIALS_INVALID');
    const bodies = answers.map(({ body }) => ({ ...body, traceId: '' }) as object);
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[2]).toEqual(bodies[0]);
  });

  it('learns nothing from how long the answer takes', async () => {
    const names = [person.username, NOBODY, withoutPassword];
    const times = names.map((): number[] => []);
    for (let round = 0; round < 12; round += 1) {
      for (const [index, name] of names.entries()) {
        await server.sql('delete from failed_attempts');
        const start = performance.now();
        await passwordLogin(server, name, WRONG);
        times[index]!.push(performance.now() - start);
      }
    }
    const [wrong, nobody, none] = times.map(median) as [number, number, number];
    // A refusal without a computation would take a tenth of it.
    for (const other of [nobody, none]) {
      expect(other / wrong).toBeGreaterThan(0.6);
      expect(other / wrong).toBeLessThan(1.6);
    }
  });

  it.each([
    ['somebody', () => person.username],
    ['nobody', () => NOBODY],
  ])('waits ever longer after five wrong ones, at the name of %s', async (_whose, name) => {
    for (let time = 0; time < 5; time += 1) {
      expectProblem(await passwordLogin(server, name(), WRONG), 'CREDENTIALS_INVALID');
    }
    const waits: number[] = [];
    for (let time = 0; time < 12; time += 1) {
      const computed = await verifications();
      const refused = await passwordLogin(server, name(), WRONG);
      expectProblem(refused, 'RATE_LIMITED');
      expect(await verifications()).toBe(computed);
      waits.push(retryAfter(refused));
      await pass(retryAfter(refused));
      expectProblem(await passwordLogin(server, name(), WRONG), 'CREDENTIALS_INVALID');
    }
    expect(waits.slice(0, 6)).toEqual([2, 4, 8, 16, 32, 64]);
    expect(Math.max(...waits)).toBe(900);
  });

  it('is refused with the right password too while waiting, and starts afresh after it', async () => {
    for (let time = 0; time < 5; time += 1) await passwordLogin(server, person.username, WRONG);
    expectProblem(await passwordLogin(server, person.username, person.password), 'RATE_LIMITED');
    await pass(2);
    expect((await passwordLogin(server, person.username, person.password)).status).toBe(200);
    for (let time = 0; time < 5; time += 1) {
      expectProblem(await passwordLogin(server, person.username, WRONG), 'CREDENTIALS_INVALID');
    }
  });

  it('does not make another name wait', async () => {
    for (let time = 0; time < 6; time += 1) await passwordLogin(server, NOBODY, WRONG);
    expect((await passwordLogin(server, person.username, person.password)).status).toBe(200);
  });

  it('is forgotten after an hour without a failure', async () => {
    for (let time = 0; time < 5; time += 1) await passwordLogin(server, person.username, WRONG);
    await pass(3601);
    for (let time = 0; time < 4; time += 1) {
      expectProblem(await passwordLogin(server, person.username, WRONG), 'CREDENTIALS_INVALID');
    }
    expect((await passwordLogin(server, person.username, person.password)).status).toBe(200);
  });

  it('waits at a fresh proof just so, and at no sign-in for it', async () => {
    const guess = { newPassword: 'the thief’s own password', currentPassword: WRONG };
    for (let time = 0; time < 5; time += 1) {
      expectProblem(await putPassword(server, person.token, guess), 'PROOF_REQUIRED');
    }
    const right = { ...guess, currentPassword: person.password };
    expectProblem(await putPassword(server, person.token, right), 'RATE_LIMITED');
    expect((await passwordLogin(server, person.username, person.password)).status).toBe(200);
  });

  it('in a rush takes longer, ends in no 500, and is answered in full', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => passwordLogin(server, `rush.${index}`, WRONG)),
    );
    expect(answers.map(({ body }) => body.code)).toEqual(answers.map(() => 'CREDENTIALS_INVALID'));
  });

  it('finds no password, code or number in a copy of the database', async () => {
    const tables = await server.sql<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public'`,
    );
    const dump = await Promise.all(tables.map(({ name }) => server.sql(`select t::text as row from ${name} t`)));
    const text = JSON.stringify(dump) + server.logs.join('');
    for (const secret of [person.password, WRONG, NOBODY]) expect(text).not.toContain(secret);
    expect(text).toContain(person.username);
  });
});

describe('guesses from one address', () => {
  it('are refused after sixty wrong ones, at whatever names', async () => {
    const server = await TestServer.start({ RATE_LIMIT: 'on' });
    try {
      const codes: string[] = [];
      for (let index = 0; index < 61; index += 1) {
        codes.push((await passwordLogin(server, `sprayed.${index}`, WRONG)).body.code as string);
      }
      expect(codes.slice(0, 60)).toEqual(codes.slice(0, 60).map(() => 'CREDENTIALS_INVALID'));
      expect(codes[60]).toBe('RATE_LIMITED');
    } finally {
      await server.close();
    }
  });
});

describeOnPostgres('a hundred guesses at the same moment', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  it('are looked at no more often than five one after the other', async () => {
    const server = await startTestApp({ RATE_LIMIT: 'off' }, { database });
    const codes = await guessAtOnce(server);
    await server.close();
    expect(codes.filter((code) => code === 'CREDENTIALS_INVALID')).toHaveLength(5);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(95);
  });

  it('cost nobody a free one: of two first attempts the one that began earlier may be counted later', async () => {
    const server = await startTestApp({ RATE_LIMIT: 'off' }, { database });
    const subject = Buffer.from('two at once');
    const waits = await server.app.get(Database).transaction(async (earlier) => {
      await earlier.query(statement('begin_early', 'select now()'), []);
      const later = await server.app.get(AttemptsRepository).count(subject);
      return [later, await new AttemptsRepository(earlier as Database).count(subject)];
    });
    await server.close();
    expect(waits).toEqual([null, null]);
  });

  it('would all be looked at if failures were counted afterwards, so counting before is what decides it', async () => {
    const server = await startTestApp({ RATE_LIMIT: 'off' }, { database });
    weaken(server);
    const codes = await guessAtOnce(server);
    await server.close();
    expect(codes.filter((code) => code === 'CREDENTIALS_INVALID').length).toBeGreaterThan(20);
  });
});

async function guessAtOnce({ url }: TestApp): Promise<string[]> {
  const guess = async (): Promise<string> => {
    const response = await fetch(`${url}/v1/auth/password/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'somebody', password: WRONG }),
    });
    return ((await response.json()) as { code: string }).code;
  };
  return Promise.all(Array.from({ length: 100 }, guess));
}

/** Lets the server only look whether it is too early. */
function weaken({ app }: TestApp): void {
  const database = app.get(Database);
  const look = statement<{ locked: boolean }>(
    'weak_look_at_attempts',
    'select locked_until > now() as locked from failed_attempts where subject = $1',
  );
  app.get(AttemptsRepository).count = async (subject) => {
    const [row] = await database.query(look, [subject]);
    return row?.locked ? 1 : null;
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
