import { LinecardError } from '@linecard/wire';
import { applyDiff, type ColumnType, decode, sameValue, type Value } from './datum.js';
import { type Schema, typeOfColumn, type Uuid } from './schema.js';

/** A row as it is kept: its identity and one property for each chosen column. Never changed, only replaced. */
export type StoredRow = { readonly _uuid: Uuid } & { readonly [column: string]: Value };

/** How one row changed; `old` is missing for a new row, `new` for one that is gone. */
export interface StoredChange {
  readonly table: string;
  readonly uuid: Uuid;
  readonly old?: StoredRow | undefined;
  readonly new?: StoredRow | undefined;
}

/** What is told of each change of a row. */
export interface RowFollower {
  /** The row was `old` and is now `row`; undefined: not there. */
  update(old: StoredRow | undefined, row: StoredRow | undefined): void;
}

/** The chosen columns of one table: its rows, and the indexes over them, which are always in step. */
export class TableStore {
  readonly name: string;
  readonly rows: ReadonlyMap<Uuid, StoredRow>;
  readonly #rows = new Map<Uuid, StoredRow>();
  readonly #columns: readonly (readonly [name: string, type: ColumnType])[];
  readonly #types: ReadonlyMap<string, ColumnType>;
  readonly #indexes: RowFollower[] = [];

  /** Throws `LC_INVALID` when the schema has no such table or column. */
  constructor(schema: Schema<unknown>, name: string, columns: readonly string[]) {
    this.name = name;
    this.rows = this.#rows;
    this.#columns = columns.map((column) => [column, typeOfColumn(schema, name, column)]);
    this.#types = new Map(this.#columns);
  }

  get columnNames(): readonly string[] {
    return this.#columns.map(([name]) => name);
  }

  /** Keeps `index` up to date from now on. */
  attach(index: RowFollower): void {
    this.#indexes.push(index);
    for (const row of this.#rows.values()) index.update(undefined, row);
  }

  /** The row that the wire form means; columns that it leaves out have their initial value. */
  decodeRow(uuid: Uuid, wire: unknown): StoredRow {
    const members = asObject(this.name, wire);
    const row: Record<string, Value> = { _uuid: uuid };
    for (const [name, type] of this.#columns) {
      row[name] = Object.hasOwn(members, name) ? decode(type, members[name]) : type.initial;
    }
    return row as StoredRow;
  }

  /** The present row after a difference. Throws `LC_PROTOCOL` when the row is not known. */
  modifiedRow(uuid: Uuid, wire: unknown): StoredRow {
    const old = this.#rows.get(uuid);
    if (!old) throw new LinecardError('LC_PROTOCOL', `row ${uuid} of ${this.name} was modified, but never inserted`);
    const row: Record<string, Value> = { ...old };
    for (const [name, diff] of Object.entries(asObject(this.name, wire))) {
      const type = this.#types.get(name);
      if (type) row[name] = applyDiff(type, old[name], diff);
    }
    return row as StoredRow;
  }

  /** Replaces, adds or (with `undefined`) removes a row. Says what changed, if anything did. */
  put(uuid: Uuid, row: StoredRow | undefined): StoredChange | undefined {
    const old = this.#rows.get(uuid);
    if (!old && !row) return undefined;
    if (old && row && this.#same(old, row)) return undefined;
    if (row) this.#rows.set(uuid, row);
    else this.#rows.delete(uuid);
    for (const index of this.#indexes) index.update(old, row);
    return { table: this.name, uuid, old, new: row };
  }

  #same(a: StoredRow, b: StoredRow): boolean {
    return this.#columns.every(([name]) => sameValue(a[name], b[name]));
  }
}

function asObject(table: string, wire: unknown): Readonly<Record<string, unknown>> {
  if (typeof wire === 'object' && wire !== null && !Array.isArray(wire)) return wire as Record<string, unknown>;
  throw new LinecardError('LC_PROTOCOL', `a row of ${table} is not an object`);
}
