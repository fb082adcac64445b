import type { AtomValue, Value } from './datum.js';
import type { Uuid } from './schema.js';
import type { RowFollower, StoredRow } from './table.js';

/** The rows of one table by a value in them. */
export interface Lookup<K, R> {
  /** All rows with this value, in the order in which they got it. */
  get(value: K): readonly R[];
  /** One row with this value: the one that got it first. */
  one(value: K): R | undefined;
}

/**
 * A secondary index that is told of each change. `keyOf` gives a row's value: a scalar, `undefined` for none, or a
 * sorted set, whose elements are indexed each. Costs nothing when the value did not change, and for a set a walk over
 * the old and the new one.
 */
export class RowIndex implements Lookup<AtomValue, StoredRow>, RowFollower {
  readonly #rows: ReadonlyMap<Uuid, StoredRow>;
  readonly #keyOf: (row: StoredRow) => AtomValue | undefined | readonly AtomValue[];
  readonly #uuids = new Map<AtomValue, Set<Uuid>>();

  constructor(
    rows: ReadonlyMap<Uuid, StoredRow>,
    keyOf: (row: StoredRow) => AtomValue | undefined | readonly AtomValue[],
  ) {
    this.#rows = rows;
    this.#keyOf = keyOf;
  }

  get(value: AtomValue): readonly StoredRow[] {
    const uuids = this.#uuids.get(value);
    return uuids ? Array.from(uuids, (uuid) => this.#rows.get(uuid)!) : [];
  }

  one(value: AtomValue): StoredRow | undefined {
    for (const uuid of this.#uuids.get(value) ?? []) return this.#rows.get(uuid);
    return undefined;
  }

  update(old: StoredRow | undefined, row: StoredRow | undefined): void {
    const before = old && this.#keyOf(old);
    const after = row && this.#keyOf(row);
    if (before === after) return;
    const uuid = (old ?? row)!._uuid;
    walkDifference(asList(before), asList(after), {
      gone: (key) => this.#remove(key, uuid),
      come: (key) => this.#add(key, uuid),
    });
  }

  #add(key: AtomValue, uuid: Uuid): void {
    const uuids = this.#uuids.get(key);
    if (uuids) uuids.add(uuid);
    else this.#uuids.set(key, new Set([uuid]));
  }

  #remove(key: AtomValue, uuid: Uuid): void {
    const uuids = this.#uuids.get(key);
    uuids?.delete(uuid);
    if (uuids?.size === 0) this.#uuids.delete(key);
  }
}

function asList(key: Value): readonly AtomValue[] {
  if (key === undefined) return [];
  return Array.isArray(key) ? (key as readonly AtomValue[]) : [key as AtomValue];
}

/** Walks two sorted lists side by side and reports what stands in one only. */
function walkDifference(
  before: readonly AtomValue[],
  after: readonly AtomValue[],
  report: { gone(key: AtomValue): void; come(key: AtomValue): void },
): void {
  let b = 0;
  let a = 0;
  while (b < before.length || a < after.length) {
    const old = before[b];
    const now = after[a];
    if (old === now) {
      b++;
      a++;
    } else if (now === undefined || (old !== undefined && old < now)) {
      report.gone(old!);
      b++;
    } else {
      report.come(now);
      a++;
    }
  }
}
