import { Injectable, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { AppModule } from '../../src/app.module.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createHttpApp } from '../../src/configure-app.js';
import { statement, type Queries } from '../../src/database/statement.js';
import { createLogger } from '../../src/logging/logger.js';
import { openidOf } from '../../src/sandbox/sandbox-users.js';
import { PushCleaning } from '../../src/wechat/push/push-cleaning.js';
import { Cleaning } from '../../src/database/cleaning.js';
import type { PushEvent } from '../../src/wechat/push/push-event.js';
import { WechatPushSubscriber, type PushEffect, type PushSubscriber } from '../../src/wechat/push/push-subscriber.js';
import { expectProblem } from '../support/problems.js';
import { APP_ONE, aboutData, deliver, outcomes, push, signed } from '../support/pushes.js';
import { testServerOf } from '../support/server-child.js';
import { createTestDatabase, onPostgres } from '../support/test-database.js';
import { TEST_MASTER_KEY, type TestServer } from '../support/test-server.js';

/** Business code that wants to know what WeChat pushes, as the guide shows it. */
@Injectable()
@WechatPushSubscriber()
class Orders implements PushSubscriber {
  readonly heard: PushEvent[] = [];
  failures = 0;

  async afterCommit(event: PushEvent): Promise<void> {
    this.heard.push(event);
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the shop is closed');
    }
  }
}

const keep = statement<never>('keep_heard', 'insert into heard (event_id) values ($1)');

/** Business code whose effect is one with the event. */
@Injectable()
@WechatPushSubscriber()
class Ledger implements PushSubscriber {
  async withinTransaction(event: PushEvent, transaction: Queries): Promise<PushEffect | null> {
    await transaction.query(keep, [event.id]);
    return null;
  }
}

@Module({ providers: [Orders, Ledger] })
class ShopModule {}

let app: NestFastifyApplication;
let server: TestServer;
let orders: Orders;
const logs: string[] = [];
let drop: (() => Promise<void>) | undefined;

beforeAll(async () => {
  const database = onPostgres ? await createTestDatabase() : null;
  drop = () => database?.drop() ?? Promise.resolve();
  const logger = createLogger('trace', { write: (line: string) => void logs.push(line) });
  const settings = loadSettings(
    {
      NODE_ENV: 'test',
      PUBLIC_URL: 'http://passport.test',
      MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
      WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
      ...(database ? { DATABASE_URL: database.url } : {}),
    },
    { inMemory: true },
  );
  const module = { module: ShopModule, imports: [AppModule.forRoot(settings, logger)] };
  app = await createHttpApp(module, { logger, trustProxyHops: 0 });
  await app.listen(0, '127.0.0.1');
  orders = app.get(Orders);
  server = testServerOf({ url: await app.getUrl(), dataSource: app.get(DataSource) });
  await server.sql('create table heard (event_id uuid not null)');
});
afterAll(async () => {
  await app.close();
  await drop?.();
});
beforeEach(async () => {
  orders.heard.length = 0;
  orders.failures = 0;
  await server.sql('delete from push_events');
  await server.sql('delete from heard');
});

const keptOnes = () => server.sql('select event_id from heard');

describe('a subscriber of pushes in another module', () => {
  it('hears of an event once it is committed, once, with all its fields', async () => {
    const message = aboutData('user_info_modified', 'alice', APP_ONE, { RevokeInfo: '6' });
    expect((await push(server, message, { format: 'xml' })).body).toBe('success');
    expect((await push(server, message)).body).toBe('success');
    expect(orders.heard).toHaveLength(1);
    expect(orders.heard[0]).toMatchObject({
      appId: APP_ONE.appId,
      openid: openidOf(APP_ONE.appId, 'alice'),
      name: 'user_info_modified',
      createdAt: message['CreateTime'],
      secure: true,
      fields: { RevokeInfo: '6' },
    });
    expect(orders.heard[0]!.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('hears of events that the server itself does not know', async () => {
    await push(server, { ...aboutData('subscribe_msg_popup_event', 'alice'), FromUserName: 'oAlice', OpenID: '' });
    expect(orders.heard.map(({ name, openid }) => [name, openid])).toEqual([['subscribe_msg_popup_event', 'oAlice']]);
  });

  it('that fails hears of the event again, under the same id, when WeChat repeats it', async () => {
    orders.failures = 1;
    const sent = signed(aboutData('user_info_modified', 'alice'));
    expectProblem(await deliver(server, sent), 'SERVICE_UNAVAILABLE');
    expect(logs.some((line) => line.includes('a subscriber of pushes failed') && line.includes('Orders'))).toBe(true);
    expect((await deliver(server, sent)).body).toBe('success');
    expect((await deliver(server, sent)).body).toBe('success');
    expect(orders.heard).toHaveLength(2);
    expect(orders.heard[1]!.id).toBe(orders.heard[0]!.id);
    expect(await outcomes(server)).toEqual(['user_info_modified: recorded']);
  });

  it('that was not told because the process died hears of the event when WeChat repeats it', async () => {
    const sent = signed(aboutData('user_info_modified', 'alice'));
    await deliver(server, sent);
    // What a process leaves that dies between the commit and the call.
    await server.sql('update push_events set delivered_at = null');
    await deliver(server, sent);
    await deliver(server, sent);
    expect(orders.heard).toHaveLength(2);
  });

  it('cannot undo a deletion by failing', async () => {
    orders.failures = 1;
    expectProblem(await push(server, aboutData('user_authorization_cancellation', 'nobody')), 'SERVICE_UNAVAILABLE');
    expect(await outcomes(server)).toEqual(['user_authorization_cancellation: obeyed']);
  });

  it('never hears of a deleting event that came in plain mode', async () => {
    await push(server, aboutData('user_authorization_cancellation', 'alice'), { secure: false });
    expect([orders.heard, await keptOnes()]).toEqual([[], []]);
  });

  it('is told when an event came in plain mode, and takes no part in its transaction', async () => {
    await push(server, aboutData('user_info_modified', 'alice'), { secure: false });
    expect(orders.heard.map(({ secure }) => secure)).toEqual([false]);
    expect(await keptOnes()).toEqual([]);
  });

  it('writes within the transaction of the event, once', async () => {
    const sent = signed(aboutData('user_info_modified', 'alice'));
    await deliver(server, sent);
    await deliver(server, sent);
    expect(await keptOnes()).toEqual([{ event_id: orders.heard[0]!.id }]);
  });

  it('undoes the event if it fails within its transaction, and the repeat heals it', async () => {
    const sent = signed(aboutData('user_info_modified', 'alice'));
    await server.sql('alter table heard rename to heard_away');
    const answer = await deliver(server, sent);
    await server.sql('alter table heard_away rename to heard');
    expectProblem(answer, 'SERVICE_UNAVAILABLE');
    expect([await outcomes(server), orders.heard]).toEqual([[], []]);
    expect((await deliver(server, sent)).body).toBe('success');
    expect(await keptOnes()).toHaveLength(1);
  });
});

describe('the cleaning of old pushes', () => {
  it('forgets after 90 days what deleted nothing, and keeps for ever what did', async () => {
    await push(server, aboutData('user_info_modified', 'old'));
    await push(server, aboutData('user_authorization_cancellation', 'old'));
    await push(server, aboutData('user_authorization_cancellation', 'old'), { secure: false });
    await server.sql(`update push_events set received_at = now() - interval '91 days'`);
    await push(server, aboutData('user_info_modified', 'young'));
    expect(await app.get(Cleaning).run(app.get(PushCleaning))).toBe(2);
    expect((await outcomes(server)).toSorted()).toEqual([
      'user_authorization_cancellation: obeyed',
      'user_info_modified: recorded',
    ]);
    expect(await app.get(Cleaning).run(app.get(PushCleaning))).toBe(0);
  });
});
