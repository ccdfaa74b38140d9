import { Client } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { RefreshRepository } from '../../src/auth/sessions/refresh.repository.js';
import { KnownSignInsRepository } from '../../src/auth/sessions/known-sign-ins.repository.js';
import { BatchConnections } from '../../src/database/batch-connections.js';
import { SessionKeysRepository } from '../../src/wechat/session-keys.repository.js';
import { MADE_APP, madeSession, makeSessions } from '../support/many-sessions.js';
import { PROOF_TIMEOUT_MS, times } from '../support/refresh-counts.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, describeOnPostgres, type TestDatabase } from '../support/test-database.js';

const FEW = 64;
const MANY = times(20_000, 1_000_000);
const TABLES = ['users', 'identities', 'sessions', 'wechat_sessions'];
const LIMITS = { idleSeconds: 3600, absoluteSeconds: 7200, perUser: 20, feedSeconds: 60 };

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

type Run = (text: string) => Promise<readonly unknown[]>;

describeOnPostgres('the plan of a batch', () => {
  let database: TestDatabase;
  let server: TestApp;
  let batches: BatchConnections;
  let statements: ReadonlyMap<string, string>;
  let bystander: Client;

  const onBatchConnections: Run = (text) => batches.query({ name: '', text }, []);
  const onBystander: Run = async (text) => (await bystander.query<Record<string, unknown>>(text)).rows;

  beforeAll(async () => {
    database = await createTestDatabase();
    // What autovacuum learns of a table makes new plans. It comes when it comes; here it does not come at all.
    for (const table of TABLES) await database.query(`alter table ${table} set (autovacuum_enabled = off)`);
    server = await startTestApp({}, { database });
    batches = server.app.get(BatchConnections);
    bystander = new Client({ connectionString: database.url });
    await bystander.connect();
    await makeSessions(server, FEW);
    await database.query('analyze');
    statements = await statementsOf(server);
    for (const run of [onBatchConnections, onBystander]) await prepareAll(run, statements);
    // The pool closes what is idle for 10 s, and the plans would go with it.
    const awake = setInterval(() => void onBatchConnections('select 1'), 1000);
    await makeSessions(server, MANY, FEW);
    clearInterval(awake);
  }, PROOF_TIMEOUT_MS);
  afterAll(async () => {
    await bystander.end();
    await server.close();
    await database.drop();
  });

  it('exists for everything that is done in batches', () => {
    expect([...statements.keys()].toSorted()).toEqual([
      'keep_session_keys',
      'open_known_sessions',
      'use_refresh_tokens',
    ]);
  });

  // First, because what the database learns of a table makes new plans.
  it('of an ordinary connection may go on reading whole tables, as it did while they were small', async () => {
    const wholesale: string[] = [];
    for (const name of statements.keys()) {
      if ((await planOf(onBystander, name)).some(isWholesale)) wholesale.push(name);
    }
    expect(wholesale).not.toEqual([]);
  });

  it.each(['before', 'after'])(
    `finds every row by an index when a small table has grown to ${MANY}, %s the database has looked at it`,
    async (when) => {
      if (when === 'after') await database.query('analyze');
      for (const name of statements.keys()) {
        const nodes = await planOf(onBatchConnections, name);
        expect(nodes.filter(isWholesale)).toEqual([]);
        expect(nodes.map((node) => node['Node Type'])).toContain('Index Scan');
      }
    },
    PROOF_TIMEOUT_MS,
  );
});

/** What the repositories send over the connection of batches, by name. */
async function statementsOf({ app }: TestApp): Promise<ReadonlyMap<string, string>> {
  const batches = app.get(BatchConnections);
  const sent = new Map<string, string>();
  const query = batches.query.bind(batches);
  batches.query = (statement, values) => {
    sent.set(statement.name, statement.text);
    return query(statement, values);
  };
  const device = { id: null, name: null, platform: null };
  // The first goes alone, the second in a batch.
  await Promise.all(
    [0, 1].flatMap((number) => {
      const { sessionId, openid } = madeSession(number);
      const name = { kind: 'wechat_openid' as const, issuer: MADE_APP, subject: openid };
      return [
        app.get(RefreshRepository).useToken({ sessionId, generation: 0, fork: 0 }, null, LIMITS.idleSeconds),
        app
          .get(KnownSignInsRepository)
          .open({ id: uuidv7(), openid: name, unionid: null, device, traceId: null }, LIMITS),
        app.get(SessionKeysRepository).keep({ appId: MADE_APP, openid }, 'key', new Date()),
      ] as Promise<unknown>[];
    }),
  );
  batches.query = query;
  return sent;
}

/** Has a connection make one plan for each, for all values and for good. */
async function prepareAll(run: Run, statements: ReadonlyMap<string, string>): Promise<void> {
  await run('set plan_cache_mode = force_generic_plan');
  for (const [name, text] of statements) {
    await run(`prepare planned_${name} as ${text}`);
    await planOf(run, name);
  }
}

/** All nodes of the plan that a connection has for a prepared statement. */
async function planOf(run: Run, name: string): Promise<PlanNode[]> {
  const [prepared] = (await run(
    `select cardinality(parameter_types) as count from pg_prepared_statements where name = 'planned_${name}'`,
  )) as { count: number }[];
  const values = Array<string>(prepared!.count).fill('null').join(', ');
  const [row] = (await run(`explain (format json) execute planned_${name} (${values})`)) as {
    'QUERY PLAN': readonly { readonly Plan: PlanNode }[];
  }[];
  return nodesOf(row!['QUERY PLAN'][0]!.Plan);
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** Whether a step reads all of a table, or gets ready to. */
function isWholesale(node: PlanNode): boolean {
  const type = node['Node Type'];
  return type === 'Seq Scan' || type === 'Hash Join' || type === 'Merge Join';
}
