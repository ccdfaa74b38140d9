import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { MergeStage, type StagePerson } from '../support/merge-stage.js';
import { expectProblem } from '../support/problems.js';
import type { Answer } from '../support/test-server.js';

const [APP_ONE, APP_TWO] = SANDBOX_APPS.map((app) => app.appId) as [string, string];
const TICKET = expect.stringMatching(/^[A-Za-z0-9_-]{43}$/);
const EXTENSIONS = { mergeTicket: TICKET, mergeTicketExpiresIn: 600 };

describe('an offer to merge', () => {
  let stage: MergeStage;
  let numbers = 0;
  beforeAll(async () => {
    stage = await MergeStage.open({ PHONE_TRUST_DAYS: '90' });
  });
  afterAll(() => stage.close());

  /** Presses the phone button and binds the number. */
  const bindPhone = ({ name, appId, tokens }: StagePerson, purePhoneNumber: string): Promise<Answer> => {
    const phone = { countryCode: '86', purePhoneNumber };
    const { code } = stage.server.wechat.phones.pressPhoneButton(name, { phone, appId });
    return stage.request('PUT', '/v1/users/me/phone', { token: tokens.accessToken, body: { code } });
  };
  const newNumber = (): string => `137${String((numbers += 1)).padStart(8, '0')}`;

  it('comes with a sign-in whose unionid is another account’s, which locks nobody out', async () => {
    const one = await stage.newcomer({ appId: APP_ONE });
    stage.server.wechat.createUser({ id: one.name, unionid: true });
    const two = await stage.signIn(one.name, APP_TWO);
    expect(two.id).not.toBe(one.id);

    const answer = await stage.login(one.name, APP_ONE);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'signed_in', user: { id: one.id } });
    expect(answer.body.merge).toEqual({ ticket: TICKET, expiresIn: 600, with: 'unionid' });

    const caller = { ...one, tokens: answer.body.tokens };
    const merged = await stage.merge(caller, answer.body.merge.ticket);
    expect([merged.status, merged.body.user?.id, merged.body.absorbedUserId]).toEqual([200, one.id, two.id]);
    for (const appId of [APP_ONE, APP_TWO]) {
      const after = await stage.login(one.name, appId);
      expect([after.body.user.id, after.body.merge]).toEqual([one.id, undefined]);
    }
  });

  it('does not come with a disabled account', async () => {
    const one = await stage.newcomer({ appId: APP_ONE });
    stage.server.wechat.createUser({ id: one.name, unionid: true });
    const two = await stage.signIn(one.name, APP_TWO);
    await stage.sql(`update users set status = 'disabled' where id = $1`, [two.id]);
    const answer = await stage.login(one.name, APP_ONE);
    expect([answer.status, answer.body.merge]).toEqual([200, undefined]);
  });

  it('comes with a phone number of an account that proved it lately: the two may become one', async () => {
    const [holder, person] = [await stage.newcomer(), await stage.newcomer()];
    const number = newNumber();
    expect((await bindPhone(holder, number)).status).toBe(200);
    const refused = await bindPhone(person, number);
    expectProblem(refused, 'PHONE_ALREADY_LINKED', EXTENSIONS);
    const merged = await stage.merge(person, refused.body.mergeTicket);
    expect(merged.body).toMatchObject({ user: { id: holder.id }, absorbedUserId: person.id });
  });

  it('of a number that was proved long ago permits to claim the number only', async () => {
    const [holder, person] = [await stage.newcomer(), await stage.newcomer()];
    const number = newNumber();
    await bindPhone(holder, number);
    await stage.sql(`update users set phone_proved_at = now() - interval '91 days' where id = $1`, [holder.id]);
    const refused = await bindPhone(person, number);
    expectProblem(refused, 'PHONE_ALREADY_LINKED', EXTENSIONS);
    expectProblem(await stage.merge(person, refused.body.mergeTicket), 'PROOF_REQUIRED');
    expect((await stage.claim(person, refused.body.mergeTicket)).status).toBe(200);
    expect((await stage.me(holder.tokens.accessToken)).body.phone).toBeNull();
  });

  it('comes with a WeChat identity that leads to another account', async () => {
    const [holder, person] = [await stage.newcomer({ appId: APP_TWO }), await stage.newcomer({ appId: APP_ONE })];
    const link = { code: stage.codeOf(holder), appId: APP_TWO };
    const refused = await stage.post('/v1/auth/wechat/link', link, person.tokens.accessToken);
    expectProblem(refused, 'IDENTITY_ALREADY_LINKED', EXTENSIONS);
    const merged = await stage.merge(person, refused.body.mergeTicket);
    expect(merged.body).toMatchObject({ user: { id: holder.id }, absorbedUserId: person.id });
  });

  it('merges nobody by itself', async () => {
    const [holder, person] = [await stage.newcomer(), await stage.newcomer()];
    const number = newNumber();
    await bindPhone(holder, number);
    for (let round = 0; round < 3; round += 1) await bindPhone(person, number);
    expect((await stage.me(holder.tokens.accessToken)).body.id).toBe(holder.id);
    expect((await stage.me(person.tokens.accessToken)).body).toMatchObject({ id: person.id, phone: null });
  });
});
