import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { MergeStage } from '../support/merge-stage.js';
import { expectProblem } from '../support/problems.js';

const [APP_ONE, APP_TWO] = SANDBOX_APPS.map((app) => app.appId) as [string, string];
const NOBODY = '018f0000-0000-7000-8000-000000000000';

describe('a back end that asks for a user', () => {
  let stage: MergeStage;
  beforeAll(async () => {
    stage = await MergeStage.open();
  });
  afterAll(() => stage.close());

  it('sees those who use its mini-programs, and no WeChat identity of other apps', async () => {
    const { name, id } = await stage.newcomer({ unionid: true });
    await stage.signIn(name, APP_TWO);
    const answer = await stage.asClient(id);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id, nickname: null, phone: null });
    const named = answer.body.identities.map(({ kind, appId }: { kind: string; appId?: string }) => [kind, appId]);
    expect(named.toSorted()).toEqual([
      ['wechat_openid', APP_ONE],
      ['wechat_unionid', undefined],
    ]);
  });

  it('sees nobody else, and cannot tell them from nobody', async () => {
    const { id } = await stage.newcomer();
    expectProblem(await stage.asClient(id, 'other'), 'NOT_FOUND');
    expectProblem(await stage.asClient(NOBODY), 'NOT_FOUND');
    expectProblem(await stage.asClient('me-and-you'), 'VALIDATION_FAILED');
  });

  it('sees whoever has a session in its apps, without an openid there', async () => {
    const { id } = await stage.newcomer();
    await stage.sql(`update sessions set app_id = $2 where user_id = $1`, [id, APP_TWO]);
    expect((await stage.asClient(id, 'other')).body.identities).toEqual([]);
  });

  it('gets the survivor for the id of an absorbed account, in all apps of either', async () => {
    const older = await stage.newcomer();
    const younger = await stage.newcomer({ appId: APP_TWO });
    expectProblem(await stage.asClient(older.id, 'other'), 'NOT_FOUND');
    await stage.merged(older, younger);
    for (const client of ['shop', 'other']) {
      for (const { id } of [older, younger]) expect((await stage.asClient(id, client)).body.id).toBe(older.id);
    }
  });

  it('gets nobody who was erased', async () => {
    const { id } = await stage.newcomer();
    await stage.sql(`update users set status = 'erased' where id = $1`, [id]);
    expectProblem(await stage.asClient(id), 'NOT_FOUND');
  });

  it('has to show who it is', async () => {
    const person = await stage.newcomer();
    const refused = [
      await stage.asClient(person.id, 'shop', 'guessed'),
      await stage.asClient(person.id, 'nobody'),
      await stage.request('GET', `/v1/users/${person.id}`, { token: person.tokens.accessToken }),
    ];
    for (const { status, headers, body } of refused) {
      expect([status, body.error]).toEqual([401, 'invalid_client']);
      expect(headers.get('www-authenticate')).toMatch(/^Basic /);
    }
  });
});
