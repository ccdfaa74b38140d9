/** Runs SQL somewhere and answers the rows. */
export type RunSql = (text: string) => Promise<Record<string, unknown>[]>;

// Everything a migration can leave behind, each query one kind of thing with names of its own.
const PARTS = {
  relations: `
    select c.relname as name, c.relkind::text as kind, coalesce(array_to_string(c.reloptions, ','), '') as options
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')`,
  columns: `
    select table_name || '.' || column_name as name, data_type, udt_name, is_nullable, column_default
    from information_schema.columns where table_schema = 'public'`,
  constraints: `
    select conrelid::regclass || ': ' || conname as name, contype::text as kind, pg_get_constraintdef(oid) as definition
    from pg_constraint where connamespace = 'public'::regnamespace`,
  indexes: `select indexname as name, indexdef as definition from pg_indexes where schemaname = 'public'`,
  functions: `
    select proname as name, prosrc as definition from pg_proc where pronamespace = 'public'::regnamespace`,
  triggers: `
    select tgrelid::regclass || ': ' || tgname as name, pg_get_triggerdef(oid) as definition
    from pg_trigger where not tgisinternal`,
  types: `
    select typname as name from pg_type t where typnamespace = 'public'::regnamespace and typtype in ('e', 'd', 'r')`,
} as const;

/** A database's schema as lines of text, without the table of migrations; two equal dumps are two equal schemas. */
export async function dumpSchema(run: RunSql): Promise<string[]> {
  const lines: string[] = [];
  for (const [part, query] of Object.entries(PARTS)) {
    for (const row of await run(query)) lines.push(`${part} ${JSON.stringify(row)}`);
  }
  return lines.filter((line) => !/"name":"(\w+: )?(pk_)?migrations("|[.:]|_id_seq")/.test(line)).toSorted();
}
