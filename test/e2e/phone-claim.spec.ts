import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import type { MergeProposal } from '../../src/users/merge-tickets.js';
import { MergeStage, type StagePerson } from '../support/merge-stage.js';
import { expectProblem } from '../support/problems.js';

const APP_TWO = SANDBOX_APPS[1]!.appId;
const NUMBER = '+8613800138001';
const OF_NUMBER: Partial<MergeProposal> = { with: 'phone', phone: { e164: NUMBER }, fullProof: false };

describe('a claim of a phone number', () => {
  let stage: MergeStage;
  let holder: StagePerson;
  let claimer: StagePerson;
  beforeAll(async () => {
    stage = await MergeStage.open();
  });
  afterAll(() => stage.close());
  beforeEach(async () => {
    await stage.sql(`delete from identities where kind = 'phone'`);
    holder = await stage.newcomer({ appId: APP_TWO });
    claimer = await stage.newcomer();
    await stage.givePhone(holder, NUMBER);
  });

  it('moves the number and nothing else', async () => {
    const before = await stage.me(holder.tokens.accessToken);
    const claimed = await stage.claim(claimer, await stage.ticketFor(claimer, holder, OF_NUMBER));
    expect(claimed.status).toBe(200);
    expect(claimed.body).toMatchObject({ id: claimer.id, phone: '138******01' });
    const after = await stage.me(holder.tokens.accessToken);
    const rest = before.body.identities.filter(({ kind }: { kind: string }) => kind !== 'phone');
    expect(rest).toHaveLength(1);
    expect(after.body).toEqual({ ...before.body, phone: null, identities: rest });
    const events = await stage.sql(
      `select user_id, actor_id, fields from audit_events where event = 'phone_changed' and reason = 'claimed' and actor_id = $1`,
      [claimer.id],
    );
    const event = { actor_id: claimer.id, fields: ['phone'] };
    expect(events).toHaveLength(2);
    expect(events).toEqual(expect.arrayContaining([holder, claimer].map(({ id }) => ({ user_id: id, ...event }))));
  });

  it('takes the place of the number that the claimer had', async () => {
    await stage.givePhone(claimer, '+8613900139002');
    const claimed = await stage.claim(claimer, await stage.ticketFor(claimer, holder, OF_NUMBER));
    expect(claimed.body).toMatchObject({ phone: '138******01' });
    expect(await stage.sql(`select user_id from identities where kind = 'phone'`)).toEqual([{ user_id: claimer.id }]);
  });

  it('is refused when the number is the last way into the account', async () => {
    await stage.sql(`delete from identities where user_id = $1 and kind <> 'phone'`, [holder.id]);
    const ticket = await stage.ticketFor(claimer, holder, OF_NUMBER);
    expectProblem(await stage.claim(claimer, ticket), 'PHONE_ALREADY_LINKED');
    expect(await stage.sql(`select user_id from identities where kind = 'phone'`)).toEqual([{ user_id: holder.id }]);
    await stage.giveIdentity(holder, { kind: 'username', issuer: '', subject: 'a-name' });
    expect((await stage.claim(claimer, ticket)).status).toBe(200);
  });

  it('is permitted once, and of two at once one takes effect', async () => {
    const ticket = await stage.ticketFor(claimer, holder, OF_NUMBER);
    const answers = await Promise.all([stage.claim(claimer, ticket), stage.claim(claimer, ticket)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    expectProblem(
      answers.find(({ status }) => status === 400)!,
      'TICKET_INVALID',
    );
    expectProblem(await stage.claim(claimer, ticket), 'TICKET_INVALID');
  });

  it('needs a ticket of a number that the other account still holds', async () => {
    expectProblem(await stage.claim(claimer, await stage.ticketFor(claimer, holder)), 'TICKET_INVALID');
    const ticket = await stage.ticketFor(claimer, holder, OF_NUMBER);
    await stage.givePhone(holder, '+8613900139002');
    expectProblem(await stage.claim(claimer, ticket), 'TICKET_INVALID');
  });

  it('takes no number out of a disabled account, whose person would be back with it', async () => {
    const ticket = await stage.ticketFor(claimer, holder, OF_NUMBER);
    await stage.sql(`update users set status = 'disabled' where id = $1`, [holder.id]);
    expectProblem(await stage.claim(claimer, ticket), 'FORBIDDEN');
  });
});
