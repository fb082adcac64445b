import { LinecardError } from '@linecard/wire';
import { type ColumnCode, type ColumnType, columnType } from './datum.js';

/** The identity of a row. */
export type Uuid = string & { readonly __uuid: unique symbol };

/** What every table of a schema looks like: a map of table names to row types. */
export type Tables<S> = { readonly [T in keyof S]: object };

/**
 * A database's columns at run time, generated from its schema file, and (as `S`) the types of its rows. A column is
 * written as its type: `string`, `integer?` (optional), `uuid*` (set), `uuid+` (set of at least one),
 * `string:string` (map).
 */
export interface Schema<S> {
  /** The database's name, such as `Open_vSwitch`. */
  readonly name: string;
  /** The version of the schema that this was generated from. */
  readonly version: string;
  readonly tables: { readonly [T in keyof S]: { readonly [C in keyof S[T]]: ColumnCode } };
}

/** The type of a column; `_uuid` and `_version` stand in every table (RFC 7047, section 3.2). Throws `LC_INVALID`. */
export function typeOfColumn<S>(schema: Schema<S>, table: string, column: string): ColumnType {
  const columns = (schema.tables as Readonly<Record<string, Readonly<Record<string, ColumnCode>>>>)[table];
  if (!columns) throw new LinecardError('LC_INVALID', `database ${schema.name} has no table "${table}"`);
  if (column === '_uuid' || column === '_version') return columnType('uuid');
  const code = columns[column];
  if (!code) throw new LinecardError('LC_INVALID', `table ${table} of ${schema.name} has no column "${column}"`);
  return columnType(code);
}
