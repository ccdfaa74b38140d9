import { randomUUID } from 'node:crypto';
import { Audit } from '../../src/audit/audit.js';
import { AuditCleaning } from '../../src/audit/audit-cleaning.js';
import { Cleaning } from '../../src/database/cleaning.js';
import { SYSTEM, person, type NewAuditEvent } from '../../src/audit/audit-event.js';
import { AUDIT_CHUNK, AuditEventsRepository, FIRST_ID } from '../../src/audit/audit-events.repository.js';
import type { AuditFilter } from '../../src/audit/audit-events.repository.js';
import { AuditTrail, type ExportedEvent } from '../../src/audit/audit-trail.js';
import { Database, Rollback } from '../../src/database/database.js';
import { read, sourceFiles } from '../support/repository.js';
import { eventually } from '../support/eventually.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, describeOnPostgres } from '../support/test-database.js';
import { TEST_MASTER_KEY, TestServer } from '../support/test-server.js';

const ALL: AuditFilter = { since: null, userId: null };

const failure = (reason: string): NewAuditEvent => ({
  event: 'sign_in_failed',
  actor: { kind: 'user', id: null },
  traceId: null,
  reason,
});

describe('the audit log', () => {
  let server: TestApp;
  let audit: Audit;
  let trail: AuditTrail;
  beforeAll(async () => {
    server = await startTestApp();
    audit = server.app.get(Audit);
    trail = server.app.get(AuditTrail);
  });
  afterAll(() => server.close());
  beforeEach(() => server.dataSource.query('delete from audit_events'));

  const exported = async (filter = ALL): Promise<ExportedEvent[]> => {
    const events: ExportedEvent[] = [];
    for await (const event of trail.read(filter)) events.push(event);
    return events;
  };
  const count = async (): Promise<number> => {
    const [row] = await server.dataSource.query<{ n: number }[]>('select count(*)::int as n from audit_events');
    return row!.n;
  };
  /** Adds events of long ago, as many as wanted, oldest first. */
  const addOld = (events: number, days: number) =>
    server.app.get(AuditEventsRepository).insert(
      Array.from({ length: events }, (_, n) => ({
        id: `0100${n.toString(16).padStart(4, '0')}-0000-7000-8000-000000000000`,
        event: failure('WECHAT_CODE_REJECTED'),
        agoMs: days * 86_400_000,
      })),
    );

  it('gives back what was recorded, and the time by the clock of the database', async () => {
    const userId = randomUUID();
    const event: NewAuditEvent = {
      event: 'profile_changed',
      actor: person(userId),
      userId,
      sessionId: randomUUID(),
      appId: 'wx1',
      reason: 'BY_HAND',
      subject: 'something',
      fields: ['nickname', 'avatar'],
      traceId: '0af7651916cd43dd8448eb211c80319c',
    };
    await audit.record(event);
    const [recorded, ...others] = await exported();
    expect(others).toEqual([]);
    expect(recorded).toEqual({ ...event, id: expect.any(String), at: expect.any(String) });
    const [age] = await server.dataSource.query<{ seconds: number }[]>(
      'select extract(epoch from now() - $1::timestamptz)::float8 as seconds',
      [recorded!.at],
    );
    expect(age!.seconds).toBeGreaterThanOrEqual(0);
    expect(age!.seconds).toBeLessThan(5);
  });

  it('keeps an event with the change it belongs to: both happen, or neither', async () => {
    const database = server.app.get(Database);
    const event: NewAuditEvent = { event: 'user_disabled', actor: SYSTEM, traceId: null };
    await database.transaction((transaction) => audit.record(event, transaction));
    await database.transaction(async (transaction) => {
      await audit.record(event, transaction);
      throw new Rollback();
    });
    expect(await count()).toBe(1);
  });

  it('has what was noted within a moment, in the order in which it happened', async () => {
    for (let n = 0; n < 250; n += 1) audit.note(failure(`N${n}`));
    expect(await count()).toBe(0);
    await eventually('all are written', async () => (await count()) === 250);
    expect((await exported()).map(({ reason }) => reason)).toEqual(Array.from({ length: 250 }, (_, n) => `N${n}`));
  });

  it('is read a chunk at a time, oldest first, every event once', async () => {
    await addOld(AUDIT_CHUNK + 10, 5);
    const events = await exported();
    expect(events).toHaveLength(AUDIT_CHUNK + 10);
    expect(events.map(({ id }) => id)).toEqual(events.map(({ id }) => id).toSorted());
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  it('is read from a time on, and of one user', async () => {
    const [alice, bob] = [randomUUID(), randomUUID()];
    await addOld(3, 5);
    for (const userId of [alice, bob, alice]) {
      await audit.record({ event: 'sign_out', actor: person(userId), userId, traceId: null });
    }
    const since = new Date(Date.now() - 60_000);
    expect((await exported({ since, userId: null })).map(({ userId }) => userId)).toEqual([alice, bob, alice]);
    expect(await exported({ since: null, userId: alice })).toHaveLength(2);
    expect(await exported({ since: new Date(Date.now() + 60_000), userId: alice })).toEqual([]);
  });

  it('forgets what is older than AUDIT_RETENTION_DAYS, and nothing else', async () => {
    await addOld(2 * AUDIT_CHUNK + 10, 181);
    await audit.record(failure('NEW'));
    expect(await server.app.get(Cleaning).run(server.app.get(AuditCleaning))).toBe(2 * AUDIT_CHUNK + 10);
    expect((await exported()).map(({ reason }) => reason)).toEqual(['NEW']);
    expect(await server.app.get(Cleaning).run(server.app.get(AuditCleaning))).toBe(0);
  });

  it('is never changed: no statement of this program updates a row', () => {
    const text = sourceFiles().map(read).join('\n');
    expect(text).toMatch(/insert into audit_events/);
    expect(text).not.toMatch(/update\s+(only\s+)?audit_events|audit_events[^;`]*do update/);
  });
});

describe('what was noted at the last moment', () => {
  // The embedded database of a test ends with its server.
  describeOnPostgres('on PostgreSQL', () => {
    const KEYS = { MASTER_KEYS: `test:${TEST_MASTER_KEY}` };

    it('waits while the database cannot take it, and is there afterwards, once', async () => {
      const database = await createTestDatabase();
      const server = await TestServer.start({}, { database });
      await database.query('alter table audit_events rename to elsewhere');
      for (let n = 0; n < 20; n += 1) await server.post('/v1/auth/wechat/login', { code: `guess-${n}` });
      await eventually('it fails', () =>
        server.logs.some((line) => line.includes('audit events cannot be written yet')),
      );
      await database.query('alter table elsewhere rename to audit_events');
      const count = async () => (await database.query('select 1 from audit_events')).length;
      await eventually('all are written', async () => (await count()) >= 20);
      await server.close();
      expect(await count()).toBe(20);
      await database.drop();
    });

    it('is written when the server stops', async () => {
      const database = await createTestDatabase();
      const server = await startTestApp(KEYS, { database });
      for (let n = 0; n < 150; n += 1) server.app.get(Audit).note(failure('LAST'));
      await server.close();
      const [row] = await database.query<{ n: number }>('select count(*)::int as n from audit_events');
      await database.drop();
      expect(row!.n).toBe(150);
    });

    it('is cleaned by one instance at a time', async () => {
      const database = await createTestDatabase();
      const server = await startTestApp(KEYS, { database });
      const repository = server.app.get(AuditEventsRepository);
      await repository.insert([{ id: randomUUID(), event: failure('OLD'), agoMs: 200 * 86_400_000 }]);
      const other = await startTestApp(KEYS, { database });
      await server.app.get(Database).transaction(async (transaction) => {
        await transaction.query({ name: 'other_instance', text: 'select pg_advisory_xact_lock(7283646103)' }, []);
        expect(await other.app.get(Cleaning).run(other.app.get(AuditCleaning))).toBe(0);
        expect(await repository.readAfter(FIRST_ID, ALL)).toHaveLength(1);
      });
      expect(await other.app.get(Cleaning).run(other.app.get(AuditCleaning))).toBe(1);
      await server.close();
      await other.close();
      await database.drop();
    });
  });
});
