import fc from 'fast-check';
import { MergeStage, type StagePerson } from '../support/merge-stage.js';
import { IN_FULL } from '../support/refresh-counts.js';
import type { Answer } from '../support/test-server.js';

const SEED = 5;

/** What an account of the model has, beside the openid it signs in with. */
interface Traits {
  readonly unionid: boolean;
  readonly phone: boolean;
  readonly username: boolean;
  readonly nickname: boolean;
  readonly disabled: boolean;
}

/** The model's account: who it is by now, and what leads to it. */
interface Account {
  readonly person: StagePerson;
  readonly traits: Traits;
  readonly ways: Set<string>;
  phone: string | null;
  username: string | null;
  nickname: string | null;
  absorbed: boolean;
}

const traits = fc.record<Traits>({
  unionid: fc.boolean(),
  phone: fc.boolean(),
  username: fc.boolean(),
  nickname: fc.boolean(),
  disabled: fc.constantFrom(false, false, false, true),
});
const people = fc.array(traits, { minLength: 2, maxLength: 4 });
const steps = fc.array(
  fc.record({
    by: fc.nat(3),
    other: fc.nat(3),
    ground: fc.constantFrom('openid', 'unionid', 'phone'),
    full: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);

describe('accounts of any kind that are merged in any order', () => {
  let stage: MergeStage;
  let numbers = 0;
  beforeAll(async () => {
    stage = await MergeStage.open();
  });
  afterAll(() => stage.close());

  async function settle(one: Traits): Promise<Account> {
    const person = await stage.newcomer({ unionid: one.unionid });
    numbers += 1;
    const account: Account = {
      person,
      traits: one,
      ways: new Set([person.name]),
      phone: one.phone ? `+86138${String(numbers).padStart(8, '0')}` : null,
      username: one.username ? `user-${numbers}` : null,
      nickname: one.nickname ? `Nick ${numbers}` : null,
      absorbed: false,
    };
    if (account.phone) await stage.givePhone(person, account.phone);
    if (account.username) await stage.giveIdentity(person, { kind: 'username', issuer: '', subject: account.username });
    await stage.sql('update users set nickname = $2 where id = $1', [person.id, account.nickname]);
    return account;
  }

  /** What the model expects of a merge, and does to itself. */
  function expected(accounts: Account[], by: Account, other: Account, proves: boolean, full: boolean): number | string {
    if (!full) return 'PROOF_REQUIRED';
    if (other.traits.disabled) return 'FORBIDDEN';
    if (!proves) return 'TICKET_INVALID';
    const [survivor, absorbed] = accounts.indexOf(by) < accounts.indexOf(other) ? [by, other] : [other, by];
    for (const way of absorbed.ways) survivor.ways.add(way);
    survivor.phone ??= absorbed.phone;
    survivor.username ??= absorbed.username;
    survivor.nickname ??= absorbed.nickname;
    absorbed.absorbed = true;
    return 200;
  }

  async function ticketOf(by: Account, other: Account, ground: string, fullProof: boolean): Promise<[string, boolean]> {
    const { person, phone, traits } = other;
    if (ground === 'phone') {
      const e164 = phone ?? '+8613000000000';
      return [await stage.ticketFor(by.person, person, { with: 'phone', phone: { e164 }, fullProof }), phone !== null];
    }
    const identity = ground === 'unionid' ? stage.unionidOf(person) : stage.openidOf(person);
    const proves = ground === 'openid' || traits.unionid;
    return [await stage.ticketFor(by.person, person, { with: 'openid', identity, fullProof }), proves];
  }

  async function check(accounts: readonly Account[], answers: readonly Answer[]): Promise<void> {
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    const living = accounts.filter(({ absorbed }) => !absorbed);
    for (const account of living) {
      const profile = await stage.asClient(account.person.id);
      expect([profile.status, profile.body.id, profile.body.nickname]).toEqual([
        200,
        account.person.id,
        account.nickname,
      ]);
      expect(profile.body.phone === null).toBe(account.phone === null);
      const names = await stage.sql(`select subject from identities where kind = 'username' and user_id = $1`, [
        account.person.id,
      ]);
      expect(names).toEqual(account.username ? [{ subject: account.username }] : []);
      for (const way of account.ways) {
        const answer = await stage.login(way);
        if (account.traits.disabled) expect(answer.body.code).toBe('USER_DISABLED');
        else expect([answer.status, answer.body.user.id]).toEqual([200, account.person.id]);
      }
    }
    const ids = accounts.map(({ person }) => person.id);
    const orphans = `select s.id from sessions s join users u on u.id = s.user_id where u.status = 'erased' and s.revoked_at is null and u.id = any($1)`;
    expect(await stage.sql(orphans, [ids])).toEqual([]);
    const left = `select i.id from identities i join users u on u.id = i.user_id where u.status = 'erased' and u.id = any($1)`;
    expect(await stage.sql(left, [ids])).toEqual([]);
    const recorded = `select subject from audit_events where event = 'user_merged' and user_id = any($1)`;
    expect(await stage.sql(recorded, [ids])).toHaveLength(accounts.length - living.length);
  }

  it('end as the model says: nothing lost, nobody twice, no session of nobody, no silent merge', async () => {
    const reached = new Set<number | string>();
    await fc.assert(
      fc.asyncProperty(people, steps, async (given, asked) => {
        const accounts: Account[] = [];
        for (const one of given) accounts.push(await settle(one));
        const disabled = accounts.filter((account) => account.traits.disabled).map(({ person }) => person.id);
        await stage.sql(`update users set status = 'disabled' where id = any($1)`, [disabled]);

        const answers: Answer[] = [];
        for (const { by: byAt, other: otherAt, ground, full } of asked) {
          const [by, other] = [accounts[byAt], accounts[otherAt]];
          if (!by || !other || by === other || by.absorbed || other.absorbed || by.traits.disabled) continue;
          const person = await stage.signIn(by.person.name);
          const [ticket, proves] = await ticketOf(by, other, ground, full);
          const answer = await stage.merge(person, ticket);
          const outcome = expected(accounts, by, other, proves, full);
          expect(answer.status === 200 ? 200 : answer.body.code).toBe(outcome);
          reached.add(outcome);
          answers.push(answer);
        }
        await check(accounts, answers);
      }),
      // In the sample the same people do the same each time, so that every outcome is among them.
      IN_FULL ? { numRuns: 200 } : { numRuns: 40, seed: SEED },
    );
    expect([...reached].map(String).toSorted()).toEqual(['200', 'FORBIDDEN', 'PROOF_REQUIRED', 'TICKET_INVALID']);
  });
});
