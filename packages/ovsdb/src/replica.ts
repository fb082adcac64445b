import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { performance } from 'node:perf_hooks';
import { LinecardError } from '@linecard/wire';
import { applyUpdate } from './copy.js';
import type { AtomValue } from './datum.js';
import { beginMonitor, type MonitorUpdate, noTransaction, readNotification } from './monitor.js';
import { type Lookup, RowIndex } from './rowindex.js';
import type { Schema, Uuid } from './schema.js';
import type { OvsdbSession } from './session.js';
import { type StoredChange, type StoredRow, TableStore } from './table.js';
import { Waiters, type WaitOptions } from './waiters.js';

/** Which columns of which tables to copy. */
export type Selection<S> = { readonly [T in keyof S]?: readonly (keyof S[T] & string)[] };

/** Every column of every table: what a `Replica<S>` without a selection has. */
export type AllColumns<S> = { readonly [T in keyof S]: readonly (keyof S[T] & string)[] };

/** The tables of a selection. */
export type TableOf<S, C> = keyof S & keyof C & string;

/** A row of table `T` with its chosen columns. */
export type RowOf<S, C, T extends TableOf<S, C>> = Pick<S[T], ColumnOf<S, C, T>> & { readonly _uuid: Uuid };

/** The chosen columns of table `T`. */
export type ColumnOf<S, C, T extends TableOf<S, C>> = keyof S[T] &
  (C[T] extends readonly (infer N)[] | undefined ? N : never);

/** How a row of a selection changed; `old` is missing for a new row, `new` for one that is gone. */
export type Change<S, C> = {
  [T in TableOf<S, C>]: {
    readonly table: T;
    readonly uuid: Uuid;
    readonly old?: RowOf<S, C, T> | undefined;
    readonly new?: RowOf<S, C, T> | undefined;
  };
}[TableOf<S, C>];

/** The value by which a column is looked up: an element for sets, the value itself otherwise. */
export type KeyOf<V> = V extends readonly (infer E)[] ? E : Exclude<V, undefined>;

/** `change` comes once for each update, also for the difference that a resync found; the tables are as after it. */
export interface ReplicaEvents<S, C> {
  change: [changes: readonly Change<S, C>[]];
  synced: [];
  lost: [];
}

/**
 * A copy in memory of chosen columns, kept up to date by the server. Rows are plain objects that never change: a
 * changed row is a new object. While the connection is lost the rows stay as they were; afterwards only the difference
 * is fetched where the server can tell it, and only the difference is reported in any case.
 *
 * Columns that this server's older schema does not have keep their initial value.
 */
export class Replica<S, const C extends Selection<S> = AllColumns<S>> extends EventEmitter<ReplicaEvents<S, C>> {
  readonly #session: OvsdbSession;
  readonly #schema: Schema<S>;
  readonly #tables: ReadonlyMap<string, TableStore>;
  readonly #indexes = new Map<string, RowIndex>();
  readonly #waiters = new Waiters();
  readonly #id = randomUUID();
  #lastTransaction = noTransaction;
  #columnsAsked = '';
  #synced = false;
  /** Notifications that overtook the handling of the first reply; undefined when there is nothing to wait for. */
  #early: MonitorUpdate[] | undefined;
  /** Counts connections, so that what belongs to an earlier one is recognized. */
  #attempt = 0;
  /** Why the last attempt to copy failed. */
  #failure: LinecardError | undefined;

  /** Throws `LC_INVALID` when the schema lacks a table or column. Fills once `session` is connected. */
  constructor(session: OvsdbSession, schema: Schema<S>, columns: C) {
    super();
    this.setMaxListeners(0);
    this.#session = session;
    this.#schema = schema;
    const chosen = Object.entries(columns) as [string, readonly string[]][];
    this.#tables = new Map(
      chosen.map(([name, names]) => [name, new TableStore(schema as Schema<unknown>, name, names)]),
    );
    session.on('connected', this.#onConnected);
    session.on('disconnected', this.#onDisconnected);
    session.on('notification', this.#onNotification);
    if (session.connected) this.#onConnected();
  }

  /** Whether the copy is up to date: from the first dump on, until the connection is lost. */
  get synced(): boolean {
    return this.#synced;
  }

  /** The rows of a table, live: the map changes as the table does. */
  table<T extends TableOf<S, C>>(name: T): ReadonlyMap<Uuid, RowOf<S, C, T>> {
    return this.#store(name).rows as ReadonlyMap<Uuid, unknown> as ReadonlyMap<Uuid, RowOf<S, C, T>>;
  }

  /** The rows of a table by the value of a column, or by each element of a set column; made once, always up to date. */
  byColumn<T extends TableOf<S, C>, N extends ColumnOf<S, C, T> & string>(
    table: T,
    column: N,
  ): Lookup<KeyOf<S[T][N]>, RowOf<S, C, T>> {
    return this.#index(table, column, (row) => row[column] as AtomValue | undefined | readonly AtomValue[]);
  }

  /** The rows of a table by the value that their map column has for `key`, such as one of the `external_ids`. */
  byKey<T extends TableOf<S, C>, N extends ColumnOf<S, C, T> & string>(
    table: T,
    column: N,
    key: S[T][N] extends ReadonlyMap<infer K, unknown> ? K : never,
  ): Lookup<S[T][N] extends ReadonlyMap<unknown, infer V> ? V : never, RowOf<S, C, T>> {
    return this.#index(table, `${column}:${key}`, (row) => (row[column] as ReadonlyMap<unknown, AtomValue>).get(key));
  }

  /**
   * Resolves with what `check` returns, once that is not undefined; `check` runs now and after each change. Rejects
   * with `LC_TIMEOUT`, which says `what`, with `LC_CLOSED` after `close`, or with what `check` throws.
   */
  waitFor<T>(check: () => T | undefined, options: WaitOptions): Promise<T> {
    return this.#waiters.wait(check, options);
  }

  /**
   * Resolves when the copy is up to date. Rejects with `LC_OVSDB_UNREACHABLE` when there was no connection for
   * `timeoutMs`, with what went wrong with the last attempt to copy, or with `LC_TIMEOUT`.
   */
  async waitSynced(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    await this.#session.ready(timeoutMs);
    const what = `a copy of ${this.#schema.name} from ${this.#session.endpoint}`;
    const left = Math.max(1, Math.ceil(deadline - performance.now()));
    try {
      await this.waitFor(() => this.#synced || undefined, { timeoutMs: left, what });
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  /** Stops following the server; the rows stay. */
  close(): void {
    this.#session.off('connected', this.#onConnected);
    this.#session.off('disconnected', this.#onDisconnected);
    this.#session.off('notification', this.#onNotification);
    this.#attempt++;
    this.#synced = false;
    this.#early = undefined;
    this.#waiters.rejectAll(new LinecardError('LC_CLOSED', `the copy of ${this.#schema.name} was closed`));
  }

  #store(name: string): TableStore {
    const store = this.#tables.get(name);
    if (!store) throw new LinecardError('LC_INVALID', `table "${name}" of ${this.#schema.name} is not copied`);
    return store;
  }

  #index<K, R>(
    table: string,
    name: string,
    keyOf: (row: StoredRow) => AtomValue | undefined | readonly AtomValue[],
  ): Lookup<K, R> {
    const id = `${table} ${name}`;
    let index = this.#indexes.get(id);
    if (!index) {
      const store = this.#store(table);
      index = new RowIndex(store.rows, keyOf);
      store.attach(index);
      this.#indexes.set(id, index);
    }
    return index as Lookup<unknown, unknown> as Lookup<K, R>;
  }

  readonly #onConnected = (): void => {
    const attempt = ++this.#attempt;
    this.#begin(attempt).then(
      (first) => this.#finish(attempt, first),
      (error: LinecardError) => {
        if (attempt === this.#attempt) this.#fail(error);
      },
    );
  };

  readonly #onDisconnected = (): void => {
    this.#attempt++;
    this.#early = undefined;
    if (!this.#synced) return;
    this.#synced = false;
    this.emit('lost');
    this.#waiters.check();
  };

  readonly #onNotification = (method: string, params: readonly unknown[]): void => {
    let update: MonitorUpdate | undefined;
    try {
      update = readNotification(this.#id, method, params);
    } catch (error) {
      this.#fail(error as LinecardError);
    }
    if (!update) return;
    if (this.#early) this.#early.push(update);
    else this.#apply(update);
  };

  async #begin(attempt: number): Promise<MonitorUpdate | undefined> {
    const columns = await this.#presentColumns();
    if (attempt !== this.#attempt) return undefined;
    const asked = JSON.stringify([...columns]);
    const since = asked === this.#columnsAsked ? this.#lastTransaction : noTransaction;
    this.#columnsAsked = asked;
    this.#early = [];
    return beginMonitor(this.#session, { database: this.#schema.name, id: this.#id, columns, since });
  }

  #finish(attempt: number, first: MonitorUpdate | undefined): void {
    if (attempt !== this.#attempt || !first) return;
    const updates = [first, ...(this.#early ?? [])];
    this.#early = undefined;
    for (const update of updates) this.#apply(update);
    if (attempt !== this.#attempt) return; // an update was malformed, or a listener closed this copy
    this.#synced = true;
    this.#failure = undefined;
    this.emit('synced');
    this.#waiters.check();
  }

  /** The chosen columns as far as the server's schema has them. */
  async #presentColumns(): Promise<ReadonlyMap<string, readonly string[]>> {
    const schema = (await this.#session.call('get_schema', [this.#schema.name])) as {
      tables?: Readonly<Record<string, { columns?: object } | undefined>>;
    };
    const present = new Map<string, readonly string[]>();
    for (const table of this.#tables.values()) {
      const columns = schema?.tables?.[table.name]?.columns;
      if (columns) {
        present.set(
          table.name,
          table.columnNames.filter((name) => Object.hasOwn(columns, name)),
        );
      }
    }
    return present;
  }

  /** What changed before a malformed row is in the tables, so it is reported; a whole dump follows. */
  #apply(update: MonitorUpdate): void {
    const changes: StoredChange[] = [];
    let failure: unknown;
    try {
      applyUpdate(this.#tables, update, changes);
      this.#lastTransaction = update.lastTransaction;
    } catch (error) {
      failure = error;
    }
    if (changes.length > 0) {
      this.emit('change', changes as unknown as readonly Change<S, C>[]);
      this.#waiters.check();
    }
    if (failure !== undefined) this.#fail(failure as LinecardError);
  }

  /** Whatever went wrong, a new connection and a whole dump put it right. */
  #fail(error: LinecardError): void {
    if (!(error instanceof LinecardError)) throw error;
    this.#lastTransaction = noTransaction;
    this.#failure = error;
    this.#session.reconnect(error);
  }
}
