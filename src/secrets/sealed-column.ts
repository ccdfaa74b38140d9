import { sealedPrefix, type SealedPlace, type Sealer } from '../crypto/sealer.js';
import type { Database } from '../database/database.js';
import { statement, type Statement } from '../database/statement.js';

/** A column that holds sealed values, and the primary key that names a row's place. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** The column that a value's place names, where values move between columns. */
  readonly sealedAs?: string;
  /** The columns of the primary key, in its order, with their types. */
  readonly key: Readonly<Record<string, 'text' | 'smallint' | 'uuid'>>;
}

interface SealedRow {
  readonly key: string[];
  readonly sealed: Buffer;
}

const CHUNK = 200;

/** Where a value of this column lives, in the row with this primary key. */
export function placeIn(
  { table, column, sealedAs = column }: SealedColumn,
  ...key: readonly (string | number)[]
): SealedPlace {
  return { table, column: sealedAs, row: key.join('|') };
}

/**
 * Seals with the first master key whatever another one has sealed in this column; a value that changes meanwhile is left
 * to whoever changed it. Safe to repeat, and to run on several instances at once.
 *
 * @param progress told after every chunk: rows resealed so far
 * @throws SealError when a value was sealed with a master key that is not configured
 */
export async function resealColumn(
  database: Database,
  sealer: Sealer,
  column: SealedColumn,
  progress: (resealed: number) => void = () => undefined,
): Promise<number> {
  const { select, update } = statementsOf(column);
  const prefix = sealedPrefix(sealer.currentKeyId);
  let resealed = 0;
  for (;;) {
    const rows = await database.query(select, [prefix]);
    for (const { key, sealed } of rows) {
      const place = placeIn(column, ...key);
      const fresh = sealer.seal(sealer.open(sealed, place), place);
      resealed += (await database.query(update, [sealed, fresh, ...key])).length;
    }
    if (rows.length > 0) progress(resealed);
    if (rows.length < CHUNK) return resealed;
  }
}

function statementsOf({ table, column, key }: SealedColumn) {
  const names = Object.keys(key);
  const matches = Object.entries(key).map(([name, type], index) => `${name} = $${index + 3}::text::${type}`);
  const select: Statement<SealedRow> = statement(
    `select_to_reseal_${table}_${column}`,
    `select array[${names.map((name) => `${name}::text`).join(', ')}] as key, ${column} as sealed from ${table}
     where octet_length(${column}) > 0 and substring(${column} from 1 for octet_length($1::bytea)) <> $1
     order by ${names.join(', ')} limit ${CHUNK}`,
  );
  const update: Statement = statement(
    `reseal_${table}_${column}`,
    `update ${table} set ${column} = $2 where ${column} = $1 and ${matches.join(' and ')} returning 1`,
  );
  return { select, update };
}
