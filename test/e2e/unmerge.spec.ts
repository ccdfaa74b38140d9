import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { AccountUnmerging } from '../../src/account/merge/account-unmerging.js';
import { OPERATOR } from '../../src/cli/operator.js';
import { MergeCleaning } from '../../src/users/merge-cleaning.js';
import { Cleaning } from '../../src/database/cleaning.js';
import { UnmergeContradiction } from '../../src/users/user-unmerging.js';
import { MergeStage, type StagePerson } from '../support/merge-stage.js';
import { expectProblem } from '../support/problems.js';

const APP_TWO = SANDBOX_APPS[1]!.appId;
const [NUMBER, OTHER_NUMBER] = ['+8613800138001', '+8613900139002'];

describe('undoing a merge', () => {
  let stage: MergeStage;
  let older: StagePerson;
  let younger: StagePerson;
  beforeAll(async () => {
    stage = await MergeStage.open();
  });
  afterAll(() => stage.close());
  beforeEach(async () => {
    await stage.sql(`delete from identities where kind = 'phone'`);
    older = await stage.newcomer();
    younger = await stage.newcomer({ appId: APP_TWO, unionid: true });
  });

  const undo = (id = younger.id): Promise<string> => stage.server.app.get(AccountUnmerging).undo(id, OPERATOR);
  const dayShift = (days: number) =>
    stage.sql(`update merges set merged_at = merged_at - make_interval(days => $2) where absorbed_id = $1`, [
      younger.id,
      days,
    ]);
  /** Everything of both accounts but what every merge and its undoing change: times, versions and sealings. */
  const accounts = async () => {
    const users = await stage.sql(
      `select id, status, nickname, avatar_url, password_hash, roles, merged_into, phone_proved_at, phone_sealed is null as numberless
       from users where id = any($1) order by id`,
      [[older.id, younger.id]],
    );
    const identities = await stage.sql(
      'select id, user_id, kind, issuer, subject from identities where user_id = any($1) order by id',
      [[older.id, younger.id]],
    );
    return { users, identities };
  };

  it.each(['room', 'no room'])('restores both accounts as they were, where the survivor had %s', async (room) => {
    await stage.sql(
      `update users set nickname = 'Bo', avatar_url = '/b.png', password_hash = 'b', roles = '{editor}' where id = $1`,
      [younger.id],
    );
    await stage.givePhone(younger, NUMBER);
    await stage.giveIdentity(younger, { kind: 'username', issuer: '', subject: `bo-${younger.name}` });
    if (room === 'no room') {
      await stage.sql(`update users set nickname = 'Ann', password_hash = 'a' where id = $1`, [older.id]);
      await stage.givePhone(older, OTHER_NUMBER);
      await stage.giveIdentity(older, { kind: 'username', issuer: '', subject: `ann-${older.name}` });
    }
    const before = await accounts();
    const { tokens } = await stage.merged(older, younger);
    expect(await accounts()).not.toEqual(before);

    expect(await undo()).toBe(older.id);
    expect(await accounts()).toEqual(before);
    expectProblem(await stage.me(tokens.accessToken), 'SESSION_EXPIRED');
    const again = [await stage.signIn(older.name), await stage.signIn(younger.name, APP_TWO)];
    expect(again.map(({ id }) => id)).toEqual([older.id, younger.id]);
    const phones = await Promise.all(again.map(async (one) => (await stage.me(one.tokens.accessToken)).body.phone));
    expect(phones).toEqual([room === 'room' ? null : '139******02', '138******01']);
    const events = await stage.sql(`select subject from audit_events where event = 'user_unmerged' and user_id = $1`, [
      older.id,
    ]);
    expect(events).toEqual([{ subject: younger.id }]);
    expect((await stage.asClient(younger.id, 'other')).body.id).toBe(younger.id);
  });

  it('leaves the survivor what it has changed since', async () => {
    await stage.sql(`update users set nickname = 'Bo', password_hash = 'b' where id = $1`, [younger.id]);
    await stage.merged(older, younger);
    const chosen = { nickname: 'Carl', password_hash: 'c' };
    await stage.sql(
      `update users set nickname = $2, password_hash = $3, password_version = password_version + 1 where id = $1`,
      [older.id, chosen.nickname, chosen.password_hash],
    );
    await undo();
    const { users } = await accounts();
    expect(users).toMatchObject([chosen, { nickname: 'Bo', password_hash: 'b' }]);
  });

  it('happens once', async () => {
    await stage.merged(older, younger);
    const outcomes = await Promise.allSettled([undo(), undo()]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await expect(undo()).rejects.toThrow(UnmergeContradiction);
  });

  it('is possible for 30 days, and then nothing is kept', async () => {
    await stage.merged(older, younger);
    await dayShift(29);
    await stage.server.app.get(Cleaning).run(stage.server.app.get(MergeCleaning));
    expect(await stage.sql('select absorbed_id from merges where absorbed_id = $1', [younger.id])).toHaveLength(1);
    await dayShift(2);
    await expect(undo()).rejects.toThrow(/too old/);
    await stage.server.app.get(Cleaning).run(stage.server.app.get(MergeCleaning));
    expect(await stage.sql('select absorbed_id from merges where absorbed_id = $1', [younger.id])).toEqual([]);
  });

  it('is refused when the survivor was merged in turn, until that merge is undone', async () => {
    await stage.merged(older, younger);
    const oldest = await stage.newcomer();
    await stage.sql(`update users set created_at = '2020-01-01' where id = $1`, [oldest.id]);
    await stage.merged(oldest, await stage.signIn(older.name));
    await expect(undo()).rejects.toThrow(/undo that merge first/);
    await undo(older.id);
    expect(await undo()).toBe(older.id);
    const ids = [
      await stage.signIn(oldest.name),
      await stage.signIn(older.name),
      await stage.signIn(younger.name, APP_TWO),
    ];
    expect(ids.map(({ id }) => id)).toEqual([oldest.id, older.id, younger.id]);
  });

  it('is refused when somebody else has the number by now, and changes nothing', async () => {
    await stage.givePhone(older, OTHER_NUMBER);
    await stage.givePhone(younger, NUMBER);
    await stage.merged(older, younger);
    await stage.givePhone(await stage.newcomer(), NUMBER);
    const before = await accounts();
    await expect(undo()).rejects.toThrow(/phone of the absorbed account is somebody else's/);
    expect(await accounts()).toEqual(before);
    expect(await stage.sql('select absorbed_id from merges where absorbed_id = $1', [younger.id])).toHaveLength(1);
  });

  it('is refused when an identity that came along was given up', async () => {
    await stage.merged(older, younger);
    await stage.sql(`delete from identities where user_id = $1 and issuer = $2`, [older.id, APP_TWO]);
    await expect(undo()).rejects.toThrow(/given up an identity/);
  });
});
