import { LinecardError } from '@linecard/wire';
import { NamedRef } from './ref.js';

/** The types of single values (RFC 7047, section 3.2 `<atomic-type>`). */
export type AtomKind = 'integer' | 'real' | 'boolean' | 'string' | 'uuid';

/** A column's type in short: `?` optional, `*` a set, `+` a set that is never empty, `key:value` a map. */
export type ColumnCode = AtomKind | `${AtomKind}${'?' | '*' | '+'}` | `${AtomKind}:${AtomKind}`;

/** How a column's values look, here and on the wire. */
export interface ColumnType {
  readonly shape: 'scalar' | 'optional' | 'set' | 'map';
  readonly key: AtomKind;
  /** For maps. */
  readonly value: AtomKind;
  /** What the server means when it leaves the column out of a row (RFC 7047, section 5.2.1). */
  readonly initial: Value;
}

/** One value. Integers beyond 2^53 (which OVSDB allows, and no column of OVS reaches) lose their last digits. */
export type AtomValue = string | number | boolean;

/** A column's value: scalar, optional (`undefined` when absent), set (sorted, each once) or map. */
export type Value = AtomValue | undefined | readonly AtomValue[] | ReadonlyMap<AtomValue, AtomValue>;

const initialAtoms: Readonly<Record<AtomKind, AtomValue>> = {
  integer: 0,
  real: 0,
  boolean: false,
  string: '',
  uuid: '00000000-0000-0000-0000-000000000000',
};

const kinds = Object.keys(initialAtoms) as AtomKind[];
const noElements: readonly AtomValue[] = Object.freeze([]);

function scalarTypes(key: AtomKind): [string, ColumnType][] {
  const common = { key, value: key };
  return [
    [key, { ...common, shape: 'scalar', initial: initialAtoms[key] }],
    [`${key}?`, { ...common, shape: 'optional', initial: undefined }],
    [`${key}*`, { ...common, shape: 'set', initial: noElements }],
    [`${key}+`, { ...common, shape: 'set', initial: Object.freeze([initialAtoms[key]]) }],
  ];
}

function mapTypes(key: AtomKind): [string, ColumnType][] {
  return kinds.map((value) => [`${key}:${value}`, { shape: 'map', key, value, initial: new Map() }]);
}

const types: ReadonlyMap<string, ColumnType> = new Map(kinds.flatMap((key) => [...scalarTypes(key), ...mapTypes(key)]));

/** The type that `code` means. Throws `LC_INVALID`. */
export function columnType(code: ColumnCode): ColumnType {
  const type = types.get(code);
  if (!type) throw new LinecardError('LC_INVALID', `"${code}" is not a column type`);
  return type;
}

/** A value of RFC 7047 section 5.1 `<value>`. Throws `LC_PROTOCOL` when it is not of the column's type. */
export function decode(type: ColumnType, wire: unknown): Value {
  if (type.shape === 'scalar') return decodeAtom(type.key, wire);
  if (type.shape === 'map') return new Map(pairsOf(type, wire));
  const atoms = atomsOf(type.key, wire);
  if (type.shape === 'set') return sorted(atoms);
  if (atoms.length > 1) throw malformed('at most one value', wire);
  return atoms[0];
}

/**
 * The value after a difference of `update2`/`update3` (ovsdb-server(7), section 4.1.14): single values are replaced;
 * of a set, each element given is taken out when it was in and put in when it was not; of a map, a pair that was in
 * is taken out and any other is set.
 */
export function applyDiff(type: ColumnType, old: Value, wire: unknown): Value {
  if (type.shape === 'set') return toggleAll(old as readonly AtomValue[], atomsOf(type.key, wire));
  if (type.shape !== 'map') return decode(type, wire);
  const result = new Map(old as ReadonlyMap<AtomValue, AtomValue>);
  for (const [key, value] of pairsOf(type, wire)) {
    if (result.get(key) === value) result.delete(key);
    else result.set(key, value);
  }
  return result;
}

/** The wire form of a value; a map may also be a plain object. `owner` is the transaction whose references may appear. */
export function encode(type: ColumnType, value: unknown, owner?: object): unknown {
  if (type.shape === 'scalar') return encodeAtom(type.key, value, owner);
  if (type.shape === 'optional') return value === undefined ? ['set', []] : encodeAtom(type.key, value, owner);
  if (type.shape === 'set') return encodeSet(type.key, value, owner);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unencodable('a map', value);
  const pairs = value instanceof Map ? [...value] : Object.entries(value);
  return ['map', pairs.map(([k, v]) => [encodeAtom(type.key, k, owner), encodeAtom(type.value, v, owner)])];
}

/** The wire form of a set of atoms, whatever the column's shape. */
export function encodeSet(kind: AtomKind, value: unknown, owner?: object): unknown {
  if (!Array.isArray(value)) throw unencodable('an array', value);
  return ['set', value.map((element) => encodeAtom(kind, element, owner))];
}

/** Whether two decoded values of one column are the same. */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((element, i) => element === b[i]);
  if (!(a instanceof Map && b instanceof Map) || a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}

const atomType: Readonly<Record<AtomKind, string>> = {
  integer: 'number',
  real: 'number',
  boolean: 'boolean',
  string: 'string',
  uuid: 'string',
};

function decodeAtom(kind: AtomKind, wire: unknown): AtomValue {
  const atom = kind === 'uuid' && Array.isArray(wire) && wire[0] === 'uuid' ? wire[1] : wire;
  if (typeof atom !== atomType[kind] || (kind === 'uuid' && atom === wire)) throw malformed(kind, wire);
  return atom;
}

function encodeAtom(kind: AtomKind, value: unknown, owner: object | undefined): unknown {
  if (kind === 'uuid' && value instanceof NamedRef) return ['named-uuid', value.nameFor(owner)];
  const valid = kind === 'integer' ? Number.isSafeInteger(value) : typeof value === atomType[kind];
  if (!valid || Number.isNaN(value)) throw unencodable(kind, value);
  return kind === 'uuid' ? ['uuid', value] : value;
}

/** A set on the wire: `["set", [...]]`, or a single element as itself. */
function atomsOf(kind: AtomKind, wire: unknown): AtomValue[] {
  if (!Array.isArray(wire) || wire[0] !== 'set') return [decodeAtom(kind, wire)];
  if (!Array.isArray(wire[1])) throw malformed('a set', wire);
  return wire[1].map((atom) => decodeAtom(kind, atom));
}

function pairsOf(type: ColumnType, wire: unknown): [AtomValue, AtomValue][] {
  if (!Array.isArray(wire) || wire[0] !== 'map' || !Array.isArray(wire[1])) throw malformed('a map', wire);
  return wire[1].map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw malformed('a pair', pair);
    return [decodeAtom(type.key, pair[0]), decodeAtom(type.value, pair[1])];
  });
}

function sorted(atoms: AtomValue[]): readonly AtomValue[] {
  for (let i = 1; i < atoms.length; i++) {
    if (atoms[i - 1]! >= atoms[i]!) return [...new Set(atoms)].sort((a, b) => (a < b ? -1 : 1));
  }
  return atoms;
}

/** A sorted copy in which each of `atoms` is there when it was not before, and the other way round. */
function toggleAll(old: readonly AtomValue[], atoms: readonly AtomValue[]): readonly AtomValue[] {
  if (atoms.length > 16) return toggleMany(old, atoms);
  const result = old.slice();
  for (const atom of atoms) {
    const at = lowerBound(result, atom);
    if (result[at] === atom) result.splice(at, 1);
    else result.splice(at, 0, atom);
  }
  return result;
}

function toggleMany(old: readonly AtomValue[], atoms: readonly AtomValue[]): readonly AtomValue[] {
  const result = new Set(old);
  for (const atom of atoms) if (!result.delete(atom)) result.add(atom);
  return sorted([...result]);
}

function lowerBound(elements: readonly AtomValue[], atom: AtomValue): number {
  let low = 0;
  let high = elements.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (elements[middle]! < atom) low = middle + 1;
    else high = middle;
  }
  return low;
}

function malformed(expected: string, wire: unknown): LinecardError {
  return new LinecardError('LC_PROTOCOL', `expected ${expected}, got ${JSON.stringify(wire)?.slice(0, 80)}`);
}

function unencodable(expected: string, value: unknown): LinecardError {
  return new LinecardError('LC_INVALID', `expected ${expected}, got ${String(value)}`);
}
