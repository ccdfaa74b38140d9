import { DefaultNamingStrategy, type NamingStrategyInterface, type Table } from 'typeorm';

type TableOrName = Table | string;

/**
 * Plural snake_case tables are named by their entities; columns are the snake_case of their property.
 *
 * Every constraint has a name that says what it is, for example `uq_identities_kind_issuer_subject`.
 */
export class SnakeCaseNaming extends DefaultNamingStrategy implements NamingStrategyInterface {
  override columnName(propertyName: string, customName: string | undefined, prefixes: string[]): string {
    return [...prefixes, customName ?? propertyName].map(snakeCase).join('_');
  }

  override joinColumnName(relationName: string, referencedColumnName: string): string {
    return snakeCase(`${relationName}_${referencedColumnName}`);
  }

  override primaryKeyName(table: TableOrName): string {
    return `pk_${nameOf(table)}`;
  }

  override uniqueConstraintName(table: TableOrName, columns: string[]): string {
    return `uq_${nameOf(table)}_${columns.join('_')}`;
  }

  override foreignKeyName(table: TableOrName, columns: string[]): string {
    return `fk_${nameOf(table)}_${columns.join('_')}`;
  }

  override indexName(table: TableOrName, columns: string[]): string {
    return `ix_${nameOf(table)}_${columns.join('_')}`;
  }
}

function nameOf(table: TableOrName): string {
  const name = typeof table === 'string' ? table : table.name;
  return name.split('.').at(-1) ?? name;
}

function snakeCase(text: string): string {
  return text.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}
