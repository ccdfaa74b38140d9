import { Injectable, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import {
  AccountMergeSubscriber,
  type AccountMerged,
  type MergeSubscriber,
} from '../../src/account/merge/merge-subscriber.js';
import { AppModule } from '../../src/app.module.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { createHttpApp } from '../../src/configure-app.js';
import { statement, type Queries } from '../../src/database/statement.js';
import { createLogger } from '../../src/logging/logger.js';
import { startSandbox, type RunningSandbox } from '../../src/sandbox/start-sandbox.js';
import { MergeStage, type StagePerson } from '../support/merge-stage.js';
import { expectProblem } from '../support/problems.js';
import { createTestDatabase, onPostgres } from '../support/test-database.js';
import { TEST_MASTER_KEY } from '../support/test-server.js';

const reassign = statement<never>('reassign_orders', 'update orders set user_id = $1 where user_id = $2');

/** Business code that keeps orders under the ids of users. */
@Injectable()
@AccountMergeSubscriber()
class Orders implements MergeSubscriber {
  readonly heard: AccountMerged[] = [];
  fails: 'within' | 'after' | null = null;

  async withinTransaction({ survivorId, absorbedId }: AccountMerged, transaction: Queries): Promise<void> {
    await transaction.query(reassign, [survivorId, absorbedId]);
    if (this.fails === 'within') throw new Error('the shop is closed');
  }

  async afterCommit(merged: AccountMerged): Promise<void> {
    this.heard.push(merged);
    if (this.fails === 'after') throw new Error('the shop is closed');
  }
}

@Module({ providers: [Orders] })
class ShopModule {}

describe('a subscriber of merges in another module', () => {
  let app: NestFastifyApplication;
  let sandbox: RunningSandbox;
  let stage: MergeStage;
  let orders: Orders;
  let older: StagePerson;
  let younger: StagePerson;
  let drop: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    const database = onPostgres ? await createTestDatabase() : null;
    drop = () => database?.drop() ?? Promise.resolve();
    const logger = createLogger('silent');
    sandbox = await startSandbox({ apps: SANDBOX_APPS, logger });
    const settings = loadSettings(
      {
        NODE_ENV: 'test',
        PUBLIC_URL: 'http://passport.test',
        MASTER_KEYS: `test:${TEST_MASTER_KEY}`,
        WECHAT_APPS: JSON.stringify(SANDBOX_APPS),
        WECHAT_API_BASE_URL: sandbox.url,
        RATE_LIMIT: 'off',
        ...(database ? { DATABASE_URL: database.url } : {}),
      },
      { inMemory: true },
    );
    const module = { module: ShopModule, imports: [AppModule.forRoot(settings, logger)] };
    app = await createHttpApp(module, { logger, trustProxyHops: 0 });
    await app.listen(0, '127.0.0.1');
    orders = app.get(Orders);
    const parts = { app, url: await app.getUrl(), dataSource: app.get(DataSource), wechat: sandbox.sandbox };
    stage = MergeStage.on({ ...parts, close: () => app.close() });
    await stage.sql('create table orders (user_id uuid not null)');
  });
  afterAll(async () => {
    await stage.close();
    await sandbox.close();
    await drop?.();
  });
  beforeEach(async () => {
    orders.heard.length = 0;
    orders.fails = null;
    [older, younger] = [await stage.newcomer(), await stage.newcomer()];
    await stage.sql('delete from orders');
    await stage.sql('insert into orders values ($1)', [younger.id]);
  });
  const ownerOfOrders = async () => (await stage.sql<{ user_id: string }>('select user_id from orders'))[0]!.user_id;

  it('acts in the transaction, and hears of it once it has committed', async () => {
    const answer = await stage.merge(older, await stage.ticketFor(older, younger));
    expect(answer.status).toBe(200);
    expect(await ownerOfOrders()).toBe(older.id);
    expect(orders.heard).toEqual([{ survivorId: older.id, absorbedId: younger.id, at: expect.any(Date) }]);
  });

  it('that cannot act undoes the merge, which can be asked for again', async () => {
    orders.fails = 'within';
    const ticket = await stage.ticketFor(older, younger);
    expectProblem(await stage.merge(older, ticket), 'SERVICE_UNAVAILABLE');
    expect([await ownerOfOrders(), orders.heard]).toEqual([younger.id, []]);
    expect((await stage.me(younger.tokens.accessToken)).status).toBe(200);
    orders.fails = null;
    expect((await stage.merge(older, ticket)).status).toBe(200);
  });

  it('that fails afterwards takes nothing from the person', async () => {
    orders.fails = 'after';
    const answer = await stage.merge(older, await stage.ticketFor(older, younger));
    expect([answer.status, answer.body.user?.id, orders.heard.length]).toEqual([200, older.id, 1]);
  });
});
