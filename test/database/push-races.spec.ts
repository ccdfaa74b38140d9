import { Client } from 'pg';
import { SessionsRepository } from '../../src/auth/sessions/sessions.repository.js';
import { statement } from '../../src/database/statement.js';
import { PushEventsRepository } from '../../src/wechat/push/push-events.repository.js';
import { eventually } from '../support/eventually.js';
import { APP_ONE, APP_TWO, aboutData, deliver, push, signed } from '../support/pushes.js';
import { testServerOf } from '../support/server-child.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';
import type { TestServer } from '../support/test-server.js';

const CANCELLATION = 'user_authorization_cancellation';

describeOnPostgres('a person who leaves while they sign in', () => {
  let database: TestDatabase;
  let app: TestApp;
  let server: TestServer;
  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startTestApp({ RATE_LIMIT: 'off' }, { database });
    server = testServerOf({ url: app.url, wechat: app.wechat, dataSource: app.dataSource });
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  /** Holds a person's row while requests are sent, and answers what became of them after it was let go. */
  async function whileHeld<Result>(userId: string, send: () => Promise<Promise<Result>[]>): Promise<Result[]> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query('begin');
      await client.query('select 1 from users where id = $1 for update', [userId]);
      const sent = await send();
      await client.query('rollback');
      return await Promise.all(sent);
    } finally {
      await client.end();
    }
  }

  /** Lets these begin one after the other while all of them have to wait; they go on in that order. */
  async function inThisOrder<Result>(userId: string, ...acts: (() => Promise<Result>)[]): Promise<Result[]> {
    return whileHeld(userId, async () => {
      const begun: Promise<Result>[] = [];
      for (const act of acts) {
        begun.push(act());
        await eventually(`${begun.length} wait`, async () => (await waiting()) >= begun.length);
      }
      return begun;
    });
  }

  // On a connection of its own: a transaction sees this view as it was when it first looked.
  async function waiting(): Promise<number> {
    const [row] = await database.query<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return row!.count;
  }

  /** Somebody whom a phone number keeps from being erased. */
  async function settle(user: string): Promise<string> {
    const { body } = await server.signIn(user, { appId: APP_ONE.appId });
    await server.sql(
      `insert into identities (id, user_id, kind, issuer, subject) values (gen_random_uuid(), $1::uuid, 'phone', '', $1::text)`,
      [body.user.id],
    );
    return body.user.id as string;
  }

  const leave = (user: string) => () => push(server, aboutData(CANCELLATION, user));
  const signIn = (user: string, appId: string) => () => server.signIn(user, { appId });
  const liveSessions = (userId: string) =>
    server.sql('select id from sessions where user_id = $1 and revoked_at is null', [userId]);

  it('has no session left when the push comes first, and is somebody new', async () => {
    const userId = await settle('first');
    const [left, signedIn] = await inThisOrder(userId, leave('first'), signIn('first', APP_ONE.appId));
    expect([left!.status, signedIn!.status, signedIn!.body.isNewUser]).toEqual([200, 200, true]);
    expect(signedIn!.body.user.id).not.toBe(userId);
    expect(await liveSessions(userId)).toEqual([]);
  });

  it('has no session left when the sign-in comes first', async () => {
    const userId = await settle('second');
    const [signedIn, left] = await inThisOrder(userId, signIn('second', APP_ONE.appId), leave('second'));
    expect([signedIn!.status, left!.status]).toEqual([200, 200]);
    expect(await liveSessions(userId)).toEqual([]);
  });

  it('would have one if the sign-in did not hold the identity: this is what decides it', async () => {
    const sessions = app.app.get(SessionsRepository);
    const open = sessions.open.bind(sessions);
    sessions.open = (session, limits) => open({ ...session, identityId: null }, limits);
    const userId = await settle('weak');
    const [, signedIn] = await inThisOrder(userId, leave('weak'), signIn('weak', APP_ONE.appId));
    sessions.open = open;
    expect(signedIn!.status).toBe(200);
    expect(await liveSessions(userId)).toHaveLength(1);
  });

  it('becomes somebody new in another app, and nobody erased gets an identity', async () => {
    const { body } = await server.signIn('elsewhere', { appId: APP_ONE.appId });
    const [left, signedIn] = await inThisOrder(
      body.user.id as string,
      leave('elsewhere'),
      signIn('elsewhere', APP_TWO.appId),
    );
    expect([left!.status, signedIn!.status, signedIn!.body.isNewUser]).toEqual([200, 200, true]);
    expect(signedIn!.body.user.id).not.toBe(body.user.id);
    const ofErased = `select i.kind from identities i join users u on u.id = i.user_id where u.status = 'erased'`;
    expect(await server.sql(ofErased)).toEqual([]);
    expect((await server.signIn('elsewhere', { appId: APP_TWO.appId })).body.user.id).toBe(signedIn!.body.user.id);
  });

  it('is withdrawn once by repeats of one event that race', async () => {
    const userId = await settle('repeated');
    expect(await repeatAtOnce(userId, 'repeated')).toBe(1);
  });

  it('would be withdrawn by every one of them without the unique constraint: this is what decides it', async () => {
    await server.sql('alter table push_events drop constraint uq_push_events_event_hash');
    const plainInsert = statement<{ id: string }>(
      'plain_insert_push_event',
      `insert into push_events (id, event_hash, app_id, event, outcome)
       values (gen_random_uuid(), $1, $2, $3, $4) returning id`,
    );
    app.app.get(PushEventsRepository).insert = async (transaction, { hash, appId, event, outcome }) => {
      const [row] = await transaction.query(plainInsert, [hash, appId, event, outcome]);
      return row!.id;
    };
    const userId = await settle('unguarded');
    expect(await repeatAtOnce(userId, 'unguarded')).toBeGreaterThan(1);
  });

  /** Sends one event five times at once and answers how often it had an effect. */
  async function repeatAtOnce(userId: string, user: string): Promise<number> {
    const once = signed(aboutData('user_authorization_revoke', user, APP_ONE, { RevokeInfo: '6' }));
    const before = await withdrawals();
    const answers = await whileHeld(userId, async () => {
      const sent = Array.from({ length: 5 }, () => deliver(server, once));
      await eventually('all of them wait', async () => (await waiting()) >= sent.length, { withinMs: 900 });
      return sent;
    });
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    return (await withdrawals()) - before;
  }

  async function withdrawals(): Promise<number> {
    const [row] = await server.sql<{ count: number }>(
      `select count(*)::int as count from audit_events where event = 'wechat_data_withdrawn'`,
    );
    return row!.count;
  }
});
