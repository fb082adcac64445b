import { LinecardError } from '@linecard/wire';
import { type ColumnType, decode, encode, encodeSet } from './datum.js';
import { type FailedOperation, OvsdbError } from './errors.js';
import { NamedRef } from './ref.js';
import type { Condition, MapInput, Mutation, RowInput, Where } from './rowinput.js';
import { type Schema, typeOfColumn, type Uuid } from './schema.js';
import type { OvsdbSession } from './session.js';

/** Names an operation whose result is of interest; {@link TransactionResult} tells it after the commit. */
export class OperationRef<R> {
  readonly operation: number;
  /** Turns the server's result object into a value. */
  readonly read: (result: Readonly<Record<string, unknown>>) => R;

  constructor(operation: number, read: (result: Readonly<Record<string, unknown>>) => R) {
    this.operation = operation;
    this.read = read;
  }
}

/** What a committed transaction gave. */
export class TransactionResult {
  readonly #results: readonly Readonly<Record<string, unknown>>[];

  constructor(results: readonly Readonly<Record<string, unknown>>[]) {
    this.#results = results;
  }

  /** The UUID of an inserted row. */
  uuid(ref: NamedRef): Uuid {
    const uuid = this.#results[ref.operation]?.uuid;
    return (uuid as readonly [string, Uuid])[1];
  }

  /** What an operation gave: the number of rows that it matched, the rows that it selected, or a number. */
  get<R>(ref: OperationRef<R>): R {
    return ref.read(this.#results[ref.operation]!);
  }
}

type Table<S> = keyof S & string;
type Selected<R, N extends keyof R> = Pick<R, N> & { readonly _uuid: Uuid };

interface Operation {
  readonly op: string;
  readonly table?: string;
  readonly [member: string]: unknown;
}

const defaultTimeoutMs = 10_000;
const countOf = (result: Readonly<Record<string, unknown>>): number => result.count as number;

/**
 * Operations that the server executes together or not at all (RFC 7047, sections 4.1.3 and 5.2). Sent once, by
 * `commit`. An operation on a row that is gone matches nothing and is no error: its count says so, and `wait` makes it
 * one.
 */
export class Transaction<S> {
  readonly #session: OvsdbSession;
  readonly #schema: Schema<S>;
  readonly #operations: Operation[] = [];
  #sent = false;

  constructor(session: OvsdbSession, schema: Schema<S>) {
    this.#session = session;
    this.#schema = schema;
  }

  /** How many operations there are so far. */
  get size(): number {
    return this.#operations.length;
  }

  /**
   * A new row; columns left out get their initial value. With `uuid` the row gets that identity, and the server refuses
   * the transaction (`duplicate uuid`) when there is such a row already: a unique key for tables that have none
   * (ovsdb-server(7), section 5.2.1; Open vSwitch 2.14 and newer).
   */
  insert<T extends Table<S>>(table: T, row: RowInput<S[T]>, uuid?: Uuid): NamedRef {
    const name = `row${this.#operations.length}`;
    const ref = new NamedRef(this, name, this.#operations.length);
    const identity = uuid === undefined ? {} : { uuid };
    this.#operations.push({ op: 'insert', table, row: this.#row(table, row), 'uuid-name': name, ...identity });
    return ref;
  }

  /** Overwrites columns. Gives the number of rows that matched. */
  update<T extends Table<S>>(table: T, where: Where<S[T]>, row: RowInput<S[T]>): OperationRef<number> {
    return this.#add({ op: 'update', table, where: this.#where(table, where), row: this.#row(table, row) }, countOf);
  }

  /** Changes columns relative to what they are. Gives the number of rows that matched. */
  mutate<T extends Table<S>>(table: T, where: Where<S[T]>, mutations: readonly Mutation<S[T]>[]): OperationRef<number> {
    const encoded = mutations.map(([column, mutator, value]) => {
      return [column, mutator, this.#mutationValue(typeOfColumn(this.#schema, table, column), mutator, value)];
    });
    return this.#add({ op: 'mutate', table, where: this.#where(table, where), mutations: encoded }, countOf);
  }

  /** Sets keys of a map column, whether they are there or not; `undefined` deletes. Other keys stay as they are. */
  setKeys<T extends Table<S>, C extends keyof S[T] & string>(
    table: T,
    where: Where<S[T]>,
    column: C,
    entries: S[T][C] extends ReadonlyMap<infer K extends string, infer V> ? Readonly<Record<K, V | undefined>> : never,
  ): OperationRef<number> {
    const pairs = Object.entries(entries as Record<string, unknown>);
    const keep = new Map(pairs.filter(([, value]) => value !== undefined));
    const keys = pairs.map(([key]) => key);
    const mutations = [
      [column, 'delete', keys] as const,
      [column, 'insert', keep as MapInput<string, unknown>] as const,
    ];
    return this.mutate(table, where, mutations as readonly unknown[] as readonly Mutation<S[T]>[]);
  }

  /** Deletes rows. Gives the number of rows that matched. */
  delete<T extends Table<S>>(table: T, where: Where<S[T]>): OperationRef<number> {
    return this.#add({ op: 'delete', table, where: this.#where(table, where) }, countOf);
  }

  /**
   * Fails the transaction unless the rows that match are (`==`) or are not (`!=`) `rows`, compared in the columns that
   * the first of `rows` names: compare-and-set, and with no rows: that none matches. The error says `timed out`, as
   * the server waits `timeoutMs` (default 0) for it to become true.
   */
  wait<T extends Table<S>>(
    table: T,
    where: Where<S[T]>,
    until: '==' | '!=',
    rows: readonly RowInput<S[T]>[],
    timeoutMs = 0,
  ): void {
    const columns = rows[0] ? Object.keys(rows[0]) : ['_uuid'];
    const encoded = rows.map((row) => this.#row(table, row));
    this.#operations.push({
      op: 'wait',
      timeout: timeoutMs,
      table,
      where: this.#where(table, where),
      columns,
      until,
      rows: encoded,
    });
  }

  /** Fails the transaction unless the row is still there. */
  requireRow<T extends Table<S>>(table: T, uuid: Uuid): void {
    this.wait(table, uuid, '!=', []);
  }

  /** Reads rows as they are at this point of the transaction. */
  select<T extends Table<S>, N extends keyof S[T] & string>(
    table: T,
    where: Where<S[T]>,
    columns: readonly N[],
  ): OperationRef<readonly Selected<S[T], N>[]> {
    const names = ['_uuid', ...columns];
    const types = names.map((name) => [name, typeOfColumn(this.#schema, table, name)] as const);
    const read = (result: Readonly<Record<string, unknown>>) => {
      const rows = result.rows as readonly Readonly<Record<string, unknown>>[];
      return rows.map((row) => readSelected(types, row) as Selected<S[T], N>);
    };
    return this.#add({ op: 'select', table, where: this.#where(table, where), columns: names }, read);
  }

  /** Adds 1 to an integer column of the row that matches, and gives the new value: for `next_cfg` and `nb_cfg`. */
  increment<T extends Table<S>, C extends keyof S[T] & string>(
    table: T,
    where: Where<S[T]>,
    column: S[T][C] extends number ? C : never,
  ): OperationRef<number> {
    this.#add({ op: 'mutate', table, where: this.#where(table, where), mutations: [[column, '+=', 1]] }, countOf);
    const read = (result: Readonly<Record<string, unknown>>): number => {
      const rows = result.rows as readonly Readonly<Record<string, number>>[];
      const value = rows[0]?.[column];
      if (value === undefined) throw new LinecardError('LC_NOT_FOUND', `no row of ${table} to increment ${column} of`);
      return value;
    };
    return this.#add({ op: 'select', table, where: this.#where(table, where), columns: [column] }, read);
  }

  /** A note that the server writes to its log together with the transaction. */
  comment(text: string): void {
    this.#operations.push({ op: 'comment', comment: text });
  }

  /**
   * Sends the transaction. Rejects with `LC_OVSDB` (an {@link OvsdbError}, nothing was changed), `LC_TIMEOUT` or
   * `LC_CLOSED` (the outcome is unknown), or `LC_OVSDB_UNREACHABLE` (nothing was sent).
   */
  async commit(timeoutMs = defaultTimeoutMs): Promise<TransactionResult> {
    if (this.#sent) throw new LinecardError('LC_INVALID', 'a transaction can be committed once only');
    this.#sent = true;
    return this.#check(await this.#call(timeoutMs));
  }

  async #call(timeoutMs: number): Promise<unknown> {
    try {
      return await this.#session.call('transact', [this.#schema.name, ...this.#operations], { timeoutMs });
    } catch (error) {
      if (error instanceof LinecardError && (error.code === 'LC_CLOSED' || error.code === 'LC_TIMEOUT')) {
        const message = `the outcome of a transaction on ${this.#schema.name} is unknown: ${error.message}`;
        throw new LinecardError(error.code, message, { cause: error });
      }
      throw error;
    }
  }

  /** One result for each operation; after a failure `null`s, and for a failed commit one element more. */
  #check(answer: unknown): TransactionResult {
    if (!Array.isArray(answer)) throw new LinecardError('LC_PROTOCOL', 'the reply to a transaction is malformed');
    const results = answer as (Readonly<Record<string, unknown>> | null)[];
    const at = results.findIndex((result) => result !== null && 'error' in result && result.error !== null);
    if (at >= 0) throw this.#refused(results[at], at);
    if (results.length < this.#operations.length || results.includes(null)) {
      throw new LinecardError('LC_PROTOCOL', 'the reply to a transaction lacks results');
    }
    return new TransactionResult(results as Readonly<Record<string, unknown>>[]);
  }

  #refused(answer: unknown, index: number): OvsdbError {
    const failed = this.#operations[index];
    if (!failed) return new OvsdbError(`${this.#schema.name} refused to commit a transaction`, answer);
    const operation: FailedOperation = { index, op: failed.op, table: failed.table };
    const where = failed.table === undefined ? '' : ` on table ${failed.table}`;
    return new OvsdbError(
      `${this.#schema.name} refused "${failed.op}"${where} (operation ${index})`,
      answer,
      operation,
    );
  }

  #add<R>(operation: Operation, read: (result: Readonly<Record<string, unknown>>) => R): OperationRef<R> {
    this.#operations.push(operation);
    return new OperationRef(this.#operations.length - 1, read);
  }

  #row(table: string, row: object): Record<string, unknown> {
    const encoded: Record<string, unknown> = {};
    for (const [column, value] of Object.entries(row)) {
      encoded[column] = encode(typeOfColumn(this.#schema, table, column), value, this);
    }
    return encoded;
  }

  #where<R>(table: string, where: Where<R>): unknown[] {
    if (typeof where === 'string' || where instanceof NamedRef) {
      return [['_uuid', '==', encode(typeOfColumn(this.#schema, table, '_uuid'), where, this)]];
    }
    return (where as readonly Condition<R>[]).map(([column, comparison, value]) => {
      return [column, comparison, encode(typeOfColumn(this.#schema, table, column), value, this)];
    });
  }

  #mutationValue(type: ColumnType, mutator: string, value: unknown): unknown {
    if (type.shape === 'map')
      return mutator === 'delete' && Array.isArray(value)
        ? encodeSet(type.key, value, this)
        : encode(type, value, this);
    return encode(type, value, this);
  }
}

function readSelected(
  types: readonly (readonly [string, ColumnType])[],
  row: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(types.map(([name, type]) => [name, decode(type, row[name])]));
}
