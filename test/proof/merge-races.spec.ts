import { statement } from '../../src/database/statement.js';
import { AccountLock } from '../../src/account/account-lock.js';
import { OPERATOR } from '../../src/cli/operator.js';
import { UserMergingRepository, type LockedUser } from '../../src/users/user-merging.repository.js';
import { MergeStage, type StagePerson } from '../support/merge-stage.js';
import { times } from '../support/refresh-counts.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import type { Answer } from '../support/test-server.js';

const ROUNDS = times(8, 50);
const PATIENCE_MS = 120_000;
const ENVIRONMENT = { DATABASE_POOL_SIZE: '12' };

interface Outcome {
  readonly status: number;
  readonly code?: string;
}

const outcomeOf = ({ status, body }: Answer): Outcome => (status === 200 ? { status } : { status, code: body.code });

/** What may never be, whatever has raced. */
const BROKEN = {
  'an identity of somebody who is gone': `select i.id from identities i join users u on u.id = i.user_id where u.status = 'erased'`,
  'a live session of somebody who is gone': `select s.id from sessions s join users u on u.id = s.user_id where u.status <> 'active' and s.revoked_at is null`,
  'a live session without its identity': `select s.id from sessions s where s.revoked_at is null and s.identity_id is not null
     and not exists (select from identities i where i.id = s.identity_id and i.user_id = s.user_id)`,
  'somebody active without an identity': `select id from users u where status = 'active' and not exists (select from identities where user_id = u.id)`,
  'an absorbed account that leads to another absorbed one': `select u.id from users u join users s on s.id = u.merged_into where s.merged_into is not null`,
  'an end of a session that nobody was told of': `select id from sessions s where revoke_reason = 'merged'
     and not exists (select from revocations where kind = 'session' and subject = s.id::text)`,
};

describeOnPostgres('merges that race', () => {
  let database: TestDatabase;
  let stage: MergeStage;
  const outcomes: Outcome[] = [];
  beforeAll(async () => {
    database = await createTestDatabase();
    stage = await MergeStage.open(ENVIRONMENT, database);
  });
  afterAll(async () => {
    await stage.close();
    await database.drop();
  });
  afterEach(async () => {
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter(({ status }) => status >= 500)).toEqual([]);
    for (const [what, sql] of Object.entries(BROKEN)) expect({ [what]: await stage.sql(sql) }).toEqual({ [what]: [] });
    outcomes.length = 0;
  });

  /** Lets things happen at once, many times over; counts how they ended. */
  async function race(round: (people: StagePerson[]) => Promise<readonly Promise<Answer>[]>): Promise<Outcome[][]> {
    const rounds: Outcome[][] = [];
    for (let index = 0; index < ROUNDS; index += 1) {
      const people = [await stage.newcomer(), await stage.newcomer(), await stage.newcomer()];
      const answers = await Promise.all(await round(people));
      rounds.push(answers.map(outcomeOf));
    }
    outcomes.push(...rounds.flat());
    return rounds;
  }
  const merging = async (person: StagePerson, other: StagePerson): Promise<() => Promise<Answer>> => {
    const ticket = await stage.ticketFor(person, other);
    const code = stage.codeOf(person);
    return () => stage.merge(person, ticket, { code });
  };

  it(
    'with one ticket take effect once',
    async () => {
      const rounds = await race(async ([one, two]) => {
        const ticket = await stage.ticketFor(one!, two!);
        return [0, 1, 2].map(() => stage.merge(one!, ticket));
      });
      for (const round of rounds) expect(round.filter(({ status }) => status === 200)).toHaveLength(1);
    },
    PATIENCE_MS,
  );

  it(
    'from both sides leave one account',
    async () => {
      const rounds = await race(async ([one, two]) => {
        const both = [await merging(one!, two!), await merging(two!, one!)];
        return both.map((start) => start());
      });
      for (const round of rounds) {
        expect(round.filter(({ status }) => status === 200)).toHaveLength(1);
        expect(['SESSION_EXPIRED', 'TICKET_INVALID', 'PROOF_REQUIRED']).toContain(round.find(({ code }) => code)!.code);
      }
    },
    PATIENCE_MS,
  );

  it(
    'in a chain and in a circle come one after the other',
    async () => {
      const rounds = await race(async ([one, two, three]) => {
        const all = [await merging(one!, two!), await merging(two!, three!), await merging(three!, one!)];
        return all.map((start) => start());
      });
      for (const round of rounds) expect(round.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );

  it(
    'with sign-ins of the absorbed account let everybody in, as the survivor in the end',
    async () => {
      const pairs: [StagePerson, StagePerson][] = [];
      await race(async ([one, two]) => {
        pairs.push([one!, two!]);
        const merge = await merging(one!, two!);
        return [stage.login(two!.name), merge(), stage.login(two!.name), stage.login(one!.name)];
      });
      expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 200));
      for (const [one, two] of pairs.slice(0, 10)) expect((await stage.signIn(two.name)).id).toBe(one.id);
    },
    PATIENCE_MS,
  );

  it(
    'with refreshes leave no session of the absorbed account',
    async () => {
      const rounds = await race(async ([one, two]) => {
        const merge = await merging(one!, two!);
        return [stage.refresh(two!), merge(), stage.refresh(one!)];
      });
      for (const [refresh, merge] of rounds) {
        expect(merge).toEqual({ status: 200 });
        expect([undefined, 'SESSION_EXPIRED']).toContain(refresh!.code);
      }
    },
    PATIENCE_MS,
  );

  it(
    'with a disabling of either account end in a disabled account, or after it',
    async () => {
      const lock = stage.server.app.get(AccountLock);
      const pairs: [StagePerson, StagePerson][] = [];
      const rounds = await race(async ([one, two]) => {
        pairs.push([one!, two!]);
        const merge = await merging(one!, two!);
        const disabling = lock.disable(one!.id, OPERATOR);
        const merged = merge();
        await disabling;
        return [merged];
      });
      for (const [index, [one]] of pairs.entries()) {
        const [user] = await stage.sql('select status from users where id = $1', [one.id]);
        expect(user).toEqual({ status: 'disabled' });
        expect([undefined, 'USER_DISABLED', 'PROOF_REQUIRED']).toContain(rounds[index]![0]!.code);
      }
    },
    PATIENCE_MS,
  );

  it(
    'with numbers and names that are bound meanwhile lose none of them',
    async () => {
      let numbers = 0;
      const pairs: [StagePerson, StagePerson, string][] = [];
      await race(async ([one, two]) => {
        const number = `136${String((numbers += 1)).padStart(8, '0')}`;
        pairs.push([one!, two!, number]);
        const merge = await merging(one!, two!);
        const phone = { countryCode: '86', purePhoneNumber: number };
        const { code } = stage.server.wechat.phones.pressPhoneButton(two!.name, { phone, appId: two!.appId });
        const bind = stage.request('PUT', '/v1/users/me/phone', { token: two!.tokens.accessToken, body: { code } });
        return [bind, merge()];
      });
      for (const [one, two] of pairs) {
        const holders = await stage.sql<{ user_id: string }>(
          `select user_id from identities where kind = 'phone' and user_id = any($1)`,
          [[one.id, two.id]],
        );
        expect([[], [{ user_id: one.id }]]).toContainEqual(holders);
      }
    },
    PATIENCE_MS,
  );
});

describeOnPostgres('the same without the locks', () => {
  it('is stopped by a constraint at best, so the locks are what decides it', async () => {
    const database = await createTestDatabase();
    const stage = await MergeStage.open(ENVIRONMENT, database);
    weaken(stage);
    const [one, two] = [await stage.newcomer(), await stage.newcomer()];
    const tickets = [await stage.ticketFor(one, two), await stage.ticketFor(two, one)];
    const answers = await Promise.all([stage.merge(one, tickets[0]!), stage.merge(two, tickets[1]!)]);
    await stage.close();
    await database.drop();
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 500]);
  });
});

/** Lets the server read the users without holding them, two merges at the same moment. */
function weaken({ server: { app } }: MergeStage): void {
  const read = statement<LockedUser>(
    'weak_lock_users_to_merge',
    `select id, status, merged_into as "mergedInto", created_at::text as "createdAt", nickname, avatar_url as "avatarUrl",
            phone_sealed as "phoneSealed", phone_proved_at::text as "phoneProvedAt", password_hash as "passwordHash",
            password_version as "passwordVersion", roles
     from users where id = any($1)`,
  );
  let arrived = 0;
  let letGo: () => void = () => undefined;
  const both = new Promise<void>((resolve) => (letGo = resolve));
  app.get(UserMergingRepository).lock = async (transaction, userIds) => {
    const users = await transaction.query(read, [userIds]);
    arrived += 1;
    if (arrived === 2) letGo();
    await both;
    return users;
  };
}
