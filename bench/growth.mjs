import { queryOnce } from './database.mjs';
import { verdict } from './goals.mjs';
import { measureInTurn } from './rounds.mjs';
import { SUBJECTS, startOurs } from './subjects.mjs';
import { count, layOut, number } from './table.mjs';

const LOADS = ['session', 'refresh', 'signin'];
// Sixty-four connections take turns through 4,096 sessions, so that not the same few pages are used.
const SESSIONS_PER_CONNECTION = 64;
const P50_GROWS_AT_MOST = 1.2;

const STATE = `select (select count(*) from sessions)::int as rows, n_tup_upd::int as updates, n_tup_hot_upd::int as hot,
  pg_table_size(relid)::float8 as table_bytes, pg_indexes_size(relid)::float8 as index_bytes
  from pg_stat_user_tables where relname = 'sessions'`;
// PostgreSQL's processes report what they have counted after at most ten idle seconds.
const STATISTICS_MS = 11_000;

/** The same server on a small and on a large database, in turn, and what refreshing does to the table. */
export async function measureGrowth(stage, { small, large, ...job }) {
  const [{ protocol }] = SUBJECTS;
  const participants = [];
  for (const users of [small, large]) {
    const startedAt = performance.now();
    const running = await startOurs(stage, { name: `growth-${users}`, users });
    process.stderr.write(`${count(users)} users seeded in ${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`);
    participants.push([
      { name: `${count(users)} users`, kind: 'ours', protocol, notes: {} },
      { ...running, users },
    ]);
  }
  const result = { small, large, cells: {}, refresh: [] };
  for (const load of LOADS) {
    const before = await Promise.all(participants.map(([, running]) => stateOf(running)));
    const beforeEach = load === 'signin' ? forgetSignIns : undefined;
    const given = { ...job, sessionsPerConnection: SESSIONS_PER_CONNECTION, beforeEach };
    result.cells[load] = await measureInTurn(participants, load, given);
    if (load === 'refresh') {
      const opened = job.rounds * job.connections * SESSIONS_PER_CONNECTION;
      result.refresh = await Promise.all(participants.map(tableChange(before, opened)));
    }
  }
  return result;
}

export function growthTable({ cells, refresh }) {
  const rows = Object.entries(cells).map(([load, [small, large]]) => [
    load,
    number(small.p50, 2),
    number(large.p50, 2),
    number(large.p50 / small.p50, 2),
    count(small.perSecond),
    count(large.perSecond),
  ]);
  const [small, large] = Object.values(cells)[0];
  const head = ['', `p50 ms, ${small.name}`, `p50 ms, ${large.name}`, 'ratio', 'req/s', 'req/s'];
  const changes = refresh.map((change) => [
    change.name,
    count(change.refreshes),
    count(change.rowsAdded),
    count(change.tableBytesAdded),
    count(change.tableBytes),
    `${number(change.hotShare * 100, 1)} %`,
  ]);
  const changeHead = ['sessions', 'refreshes', 'rows added', 'bytes added', 'table bytes', 'updated in place (HOT)'];
  return `\nGrowth\n${layOut([head, ...rows])}\n\n${layOut([changeHead, ...changes])}`;
}

export function judgeGrowth({ cells, refresh }) {
  return [
    ...Object.entries(cells).map(([load, [small, large]]) =>
      verdict(`growth: p50 of ${load}, ${large.name} / ${small.name}`, large.p50 / small.p50, '<=', P50_GROWS_AT_MOST),
    ),
    ...refresh.map(({ name, rowsAdded }) => verdict(`growth: rows added by refreshes, ${name}`, rowsAdded, '<=', 0)),
  ];
}

async function stateOf({ databaseUrl }) {
  const [state] = await queryOnce(databaseUrl, STATE);
  return state;
}

/** What has changed since `before`, besides the rows of the sessions that were opened in order to be refreshed. */
function tableChange(before, opened) {
  return async ([{ name }, running], index) => {
    await new Promise((resolve) => setTimeout(resolve, STATISTICS_MS));
    const after = await stateOf(running);
    const change = (field) => after[field] - before[index][field];
    return {
      name,
      opened,
      refreshes: change('updates'),
      rowsAdded: change('rows') - opened,
      tableBytes: after.table_bytes,
      tableBytesAdded: change('table_bytes'),
      indexBytesAdded: change('index_bytes'),
      hotShare: change('hot') / change('updates'),
    };
  };
}

/** People of a small database would collect sessions that those of a large one do not have. */
async function forgetSignIns({ databaseUrl }) {
  await queryOnce(databaseUrl, `delete from sessions where id >= '018f0001-0000-0000-0000-000000000000'`);
  await queryOnce(databaseUrl, 'vacuum analyze sessions');
}
