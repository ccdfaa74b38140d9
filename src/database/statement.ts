/**
 * One SQL statement with a name of its own.
 *
 * The name lets PostgreSQL keep the parsed statement on each connection; it must be unique within the program.
 */
export interface Statement<Row = unknown> {
  readonly name: string;
  readonly text: string;
  /** Never set; carries the type of the rows. */
  readonly row?: Row;
}

/** Declares a statement and the shape of its rows. */
export function statement<Row>(name: string, text: string): Statement<Row> {
  return { name, text };
}

/** Something that runs statements: the database, or one transaction on it. */
export interface Queries {
  query<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]>;
}

/** A statement as node-postgres takes it. */
export function preparedQuery({ name, text }: Statement, values: readonly unknown[], prepared: boolean) {
  return prepared ? { name, text, values: values as unknown[] } : { text, values: values as unknown[] };
}
