import { readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';

// What changes when a schema does. `pg_class` is left out of the transaction ids because TRUNCATE touches it.
const SCHEMA = `
  select array[
    (select (count(*), max(xmin::text::bigint))::text from pg_attribute),
    (select (count(*), max(xmin::text::bigint))::text from pg_attrdef),
    (select (count(*), max(xmin::text::bigint))::text from pg_constraint),
    (select (count(*), max(xmin::text::bigint))::text from pg_index),
    (select (count(*), max(xmin::text::bigint))::text from pg_trigger),
    (select (count(*), max(xmin::text::bigint))::text from pg_proc),
    (select (count(*), max(xmin::text::bigint))::text from pg_namespace),
    (select (count(*), max(xmin::text::bigint))::text from pg_db_role_setting),
    (select (count(*), max(xmin::text::bigint))::text from public.migrations),
    (select count(*)::text from pg_class)
  ]::text as schema`;

const TABLES = `
  select string_agg(oid::regclass::text, ', ') as tables from pg_class
  where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'migrations'`;

/**
 * From now on, whoever opens an embedded database in memory gets one that is migrated and empty: loaded from `template`, or
 * used before and emptied. To start the engine and to migrate takes seconds; a test file may need ten.
 *
 * One whose schema a test has changed is not used again.
 *
 * @param template what `dumpDataDir` has written
 */
export function lendEmbeddedDatabases(template) {
  const open = PGlite.create.bind(PGlite);
  const free = [];
  letAlarmsGo();

  PGlite.create = async (directory, ...more) => {
    if (directory !== 'memory://') return open(directory, ...more);
    const database = free.pop() ?? (await load(open, template));
    let lent = true;
    database.engine.close = async () => {
      if (!lent) return;
      lent = false;
      if (await emptied(database)) free.push(database);
      else await database.close();
    };
    return database.engine;
  };
}

/** Lets a process end although an open engine has set its alarm, which it does every ten seconds. */
function letAlarmsGo() {
  const apply = (setTimer, self, [callback, ...more]) => {
    const timer = Reflect.apply(setTimer, self, [callback, ...more]);
    return String(callback).includes('__emscripten_timeout') ? timer.unref() : timer;
  };
  globalThis.setTimeout = new Proxy(setTimeout, { apply });
}

async function load(open, template) {
  const engine = await open({ loadDataDir: new Blob([readFileSync(template)]) });
  const close = engine.close.bind(engine);
  const { tables } = (await engine.query(TABLES)).rows[0];
  return { engine, close, tables, schema: await schemaOf(engine) };
}

async function emptied({ engine, tables, schema }) {
  try {
    await engine.exec('discard all');
    await engine.exec(`truncate ${tables} restart identity`);
    return (await schemaOf(engine)) === schema;
  } catch {
    return false;
  }
}

async function schemaOf(engine) {
  return (await engine.query(SCHEMA)).rows[0].schema;
}
