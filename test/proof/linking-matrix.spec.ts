import fc from 'fast-check';
import {
  futuresOf,
  openidKey,
  provedBy,
  unionidKey,
  usernameKey,
  type Future,
  type Holdings,
  type Outcome,
  type Sighting,
} from '../support/linking-model.js';
import { APPS, LinkingStage, PERSONS, PHONES, USERNAMES, type ReadyAct } from '../support/linking-stage.js';
import { IN_FULL, PROOF_TIMEOUT_MS, times } from '../support/refresh-counts.js';
import { SMS_TO_OUTBOX } from '../support/sms-outbox.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { postgresIsThere } from '../support/test-database.js';
import { takeFromOthers } from '../support/weak-linking.js';

const RUNS = times(150, 3000);
// What a server that merges in silence gets to be found out.
const CONTROL_RUNS = 300;
const STEPS_MAX = IN_FULL ? 10 : 6;

const KINDS = ['login', 'login', 'register', 'link', 'bind', 'password', 'sms'] as const;

/** What somebody tries. What they need for it (a session, a ticket) is found when its turn comes. */
interface Intent {
  readonly kind: (typeof KINDS)[number];
  readonly person: number;
  readonly app: number;
  readonly phone: number;
  readonly username: number;
  readonly session: number;
  readonly withTicket: boolean;
}

interface Play {
  readonly usernames: number;
  readonly unionids: readonly boolean[];
  /** One intent, two at once, or WeChat begins or ceases to tell somebody's unionid. */
  readonly steps: readonly (readonly Intent[] | { readonly toggle: number })[];
}

const intent: fc.Arbitrary<Intent> = fc.record({
  kind: fc.constantFrom(...KINDS),
  person: fc.nat(PERSONS - 1),
  app: fc.nat(APPS - 1),
  phone: fc.nat(PHONES - 1),
  username: fc.nat(USERNAMES - 1),
  session: fc.nat(5),
  withTicket: fc.boolean(),
});

const play: fc.Arbitrary<Play> = fc.record({
  usernames: fc.nat(USERNAMES),
  unionids: fc.array(fc.boolean(), { minLength: PERSONS, maxLength: PERSONS }),
  steps: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.tuple(intent) },
      { weight: 3, arbitrary: fc.tuple(intent, intent) },
      { weight: 1, arbitrary: fc.record({ toggle: fc.nat(PERSONS - 1) }) },
    ),
    { minLength: 1, maxLength: STEPS_MAX },
  ),
});

describe('who is who, after any sequence of sign-ins, links and numbers, some of them at once', () => {
  let server: TestApp;
  let passwordHash: string;
  const tally = new Map<string, number>();

  beforeAll(async () => {
    server = await startTestApp(SMS_TO_OUTBOX, { postgres: postgresIsThere });
    passwordHash = await LinkingStage.hashPassword();
  });
  afterAll(() => server.close());

  const isAsTheRulesSay = (target: TestApp) =>
    fc.asyncProperty(play, async ({ usernames, unionids, steps }) => {
      const stage = await LinkingStage.set(target, passwordHash, unionids);
      for (let username = 0; username < usernames; username += 1) await stage.addUsername(username);
      for (const step of steps) {
        if ('toggle' in step) stage.unionids[step.toggle] = !stage.unionids[step.toggle];
        else if (isOneAfterTheOther(step)) for (const one of step) await perform(stage, [one], tally);
        else await perform(stage, step, tally);
      }
    });

  it(
    'is what the rules say, and nobody is merged in silence',
    async () => {
      await fc.assert(isAsTheRulesSay(server), { numRuns: RUNS });
      console.info(`outcomes: ${[...tally].map(([what, count]) => `${what} ${count}`).join(', ')}`);
      // Plays in which nothing happens prove nothing.
      for (const kind of new Set(KINDS)) expect(tally.get(`${kind} ok`)).toBeGreaterThan(RUNS / 20);
      expect(tally.get('link IDENTITY_ALREADY_LINKED')).toBeGreaterThan(0);
      expect(tally.get('bind PHONE_ALREADY_LINKED')).toBeGreaterThan(0);
    },
    PROOF_TIMEOUT_MS,
  );

  it.each([
    ['user without an identity', 'users u where not exists (select from identities where user_id = u.id)'],
    ['identity without a user', 'identities i where not exists (select from users where id = i.user_id)'],
    ['session without a user', 'sessions s where not exists (select from users where id = s.user_id)'],
    [
      'session that speaks for somebody else',
      'sessions s join identities i on i.id = s.identity_id where i.user_id <> s.user_id',
    ],
  ])('leaves no %s behind', async (_what, where) => {
    expect(await server.dataSource.query(`select 1 from ${where} limit 1`)).toEqual([]);
  });

  it(
    'would be seen not to be what the rules say on a server that moves identities to whoever shows them last',
    async () => {
      const weak = await startTestApp(SMS_TO_OUTBOX, { postgres: postgresIsThere });
      takeFromOthers(weak);
      const result = await fc.check(isAsTheRulesSay(weak), { numRuns: CONTROL_RUNS, endOnFailure: true });
      await weak.close();
      expect(result.failed).toBe(true);
      expect(String(result.errorInstance)).toMatch(/no order of these acts|took what it had not proved/);
    },
    PROOF_TIMEOUT_MS,
  );
});

/** Two of one session, or of one number's codes, get in each other's way before they reach what is tested here. */
function isOneAfterTheOther([one, other]: readonly Intent[]): boolean {
  if (!one || !other) return false;
  const bySession = (kind: Intent['kind']) => kind === 'link' || kind === 'bind';
  return (bySession(one.kind) && bySession(other.kind)) || (one.kind === 'sms' && other.kind === 'sms');
}

/** Carries out intents at once, and holds what came of them to the model. */
async function perform(stage: LinkingStage, intents: readonly Intent[], tally: Map<string, number>): Promise<void> {
  const atFirst = await stage.holdings();
  const ready: ReadyAct[] = [];
  for (const one of intents) {
    const act = await prepare(stage, one, atFirst);
    if (act) ready.push(act);
  }
  const before = await stage.holdings();
  expect(before).toEqual(atFirst);
  const outcomes = await Promise.all(ready.map((one) => one.fire()));
  const after = await stage.holdings();
  const acts = ready.map(({ act }) => act);
  for (const [n, { code }] of outcomes.entries()) {
    const what = `${acts[n]!.kind} ${code}`;
    tally.set(what, (tally.get(what) ?? 0) + 1);
  }

  const proved = new Set(acts.flatMap(provedBy));
  const taken = [...after].filter(([key, holder]) => before.get(key) !== holder && !proved.has(key));
  const story = JSON.stringify({ before: [...before], acts, outcomes, after: [...after] });
  if (taken.length > 0) throw new Error(`somebody took what it had not proved: ${story}`);
  if (!futuresOf(before, acts).some((future) => isThis(future, before, after, outcomes))) {
    throw new Error(`no order of these acts comes to this: ${story}`);
  }
}

/** Gets what an intent needs. Null when that is not to be had. */
async function prepare(stage: LinkingStage, intent: Intent, held: Holdings): Promise<ReadyAct | null> {
  const { kind, person, app, phone, username } = intent;
  const who = stage.sighting(person, app);
  const session = stage.sessions[intent.session % Math.max(1, stage.sessions.length)];
  switch (kind) {
    case 'login':
      return stage.login(who);
    case 'register': {
      const ticket = await ticketOf(stage, who, held);
      return ticket ? stage.register(who, ticket.text, phone) : stage.login(who);
    }
    case 'link':
      return session ? stage.link(session, who) : null;
    case 'bind':
      return session ? stage.bind(session, phone) : null;
    case 'password':
      if (!held.has(usernameKey(username))) return null;
      return stage.password(username, intent.withTicket ? await ticketOf(stage, who, held) : null);
    case 'sms':
      return stage.sms(phone, intent.withTicket ? await ticketOf(stage, who, held) : null);
  }
}

/** Whoever has an account gets no ticket, and everybody else does. */
async function ticketOf(stage: LinkingStage, who: Sighting, held: Holdings) {
  const isKnown = held.has(openidKey(who)) || (who.union && held.has(unionidKey(who)));
  if (isKnown) return null;
  const text = await stage.ticket(who);
  if (text === null) throw new Error(`no ticket for a stranger: ${JSON.stringify(who)}`);
  return { who, text };
}

/** Whether a future is what has come true, whatever ids the new users got. */
function isThis(future: Future, before: Holdings, after: Holdings, outcomes: readonly Outcome[]): boolean {
  const ids = new Map([...before.values()].map((id) => [id, id]));
  const isSame = (expected: string | null, real: string | null): boolean => {
    if (expected === null || real === null) return expected === real;
    if (!ids.has(expected) && ![...ids.values()].includes(real)) ids.set(expected, real);
    return ids.get(expected) === real;
  };
  return (
    future.holdings.size === after.size &&
    [...future.holdings].every(([key, holder]) => isSame(holder, after.get(key) ?? null)) &&
    future.outcomes.every(({ code, userId }, n) => code === outcomes[n]!.code && isSame(userId, outcomes[n]!.userId))
  );
}
