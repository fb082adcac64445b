import type { NamedRef } from './ref.js';
import type { Uuid } from './schema.js';

/** What may be given where a row has an atom: a reference to a row of the same transaction may stand for its UUID. */
export type AtomInput<A> = A extends Uuid ? Uuid | NamedRef : A;

/** A map to be written; one with string keys may be a plain object. */
export type MapInput<K, V> =
  | ReadonlyMap<K, AtomInput<V>>
  | (K extends string ? { readonly [key in K]?: AtomInput<V> } : never);

/** What may be given for a column of type `V`. */
export type ColumnInput<V> =
  V extends ReadonlyMap<infer K, infer M>
    ? MapInput<K, M>
    : V extends readonly (infer E)[]
      ? readonly AtomInput<E>[]
      : AtomInput<V>;

/** Columns to be written; those left out keep their value, or their initial one. `undefined` empties an optional. */
export type RowInput<R> = { readonly [C in keyof R]?: ColumnInput<R[C]> };

/** A condition on rows (RFC 7047, section 5.1 `<condition>`); `_uuid` may be compared with a UUID. */
export type Condition<R> =
  | readonly ['_uuid', '==' | '!=', Uuid | NamedRef]
  | {
      [C in keyof R & string]: readonly [
        C,
        '==' | '!=' | '<' | '<=' | '>' | '>=' | 'includes' | 'excludes',
        ColumnInput<R[C]>,
      ];
    }[keyof R & string];

/** Which rows: one by its identity, or all that fulfil each of the conditions. An empty array means every row. */
export type Where<R> = Uuid | NamedRef | readonly Condition<R>[];

/**
 * A change of a column (RFC 7047, section 5.1 `<mutation>`). `insert` into a map leaves keys that are there as they
 * are; `delete` from a map takes keys, or pairs that must match.
 */
export type Mutation<R> = {
  [C in keyof R & string]: R[C] extends ReadonlyMap<infer K, infer M>
    ? readonly [C, 'insert', MapInput<K, M>] | readonly [C, 'delete', MapInput<K, M> | readonly K[]]
    : R[C] extends readonly (infer E)[]
      ? readonly [C, 'insert' | 'delete', readonly AtomInput<E>[]]
      : R[C] extends number | undefined
        ? readonly [C, '+=' | '-=' | '*=' | '/=' | '%=', number]
        : never;
}[keyof R & string];
