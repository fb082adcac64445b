import type { ErrorPair } from './errors.js';
import { invalid } from './errors.js';
import type { Kind } from './kinds.js';
import type { Reader } from './reader.js';
import { type Encodable, type FieldDef, tagged } from './struct.js';
import type { Writer } from './writer.js';

/** The members of a family by their number. `struct(...)`-like field lists. */
export interface Row<N extends string = string, F extends readonly FieldDef[] = readonly FieldDef[]> {
  readonly code: number;
  readonly name: N;
  readonly fields: F;
}

/** A row of a table of TLVs. */
export function row<const N extends string, const F extends readonly FieldDef[]>(
  code: number,
  name: N,
  ...fields: F
): Row<N, F> {
  return { code, name, fields };
}

/** A TLV that the tables do not know, kept as it came. */
export interface UnknownTlv {
  readonly type: 'unknown';
  readonly code: number;
  readonly data: Uint8Array;
}

/** The union of the values of a table of rows, as encoding takes them. */
export type RowsEncodable<R extends readonly Row[]> = {
  [I in keyof R]: R[I] extends Row<infer N, infer F> ? { readonly type: N } & Readonly<Encodable<F>> : never;
}[number];

/** How the lengths of a family work. */
export interface FamilyOptions {
  /** What a wrong length in this family means. */
  readonly lengthError: ErrorPair;
  /**
   * `inside`: the length counts the zeros up to a multiple of 8 (actions, instructions). `outside`: it does not
   * (properties). `none`: there are none.
   */
  readonly padding: 'inside' | 'outside' | 'none';
}

// biome-ignore lint/suspicious/noExplicitAny: the families' own types are stated where they are exported
type Value = any;

/** What a family does with one number: a plain member, or a further table behind an experimenter's number. */
export interface Member {
  readonly code: number;
  readonly kind: Kind<Value>;
}

/**
 * The kind of one TLV of a family: 16-bit type, 16-bit length that counts the header. `members` maps type names to
 * what writes them; several names may share a number (experimenters).
 */
export function tlvFamily(members: ReadonlyMap<string, Member>, options: FamilyOptions): Kind<Value> {
  const readers: Kind<Value>[] = [];
  const rare = new Map<number, Kind<Value>>();
  for (const { code, kind } of members.values()) {
    if (code < 256) readers[code] = kind;
    else rare.set(code, kind);
  }
  const find = (code: number): Kind<Value> | undefined => (code < 256 ? readers[code] : rare.get(code));

  function readBody(r: Reader, code: number): Value {
    const kind = find(code);
    return kind === undefined ? { type: 'unknown', code, data: r.rest() } : kind.read(r);
  }

  return {
    read(r) {
      const outerError = r.lengthError;
      r.lengthError = options.lengthError;
      const from = r.at;
      const code = r.u16();
      const length = r.u16();
      if (options.padding === 'inside' && (length & 7) !== 0) r.fail(`length ${length} is not a multiple of 8`);
      const outer = r.enter(length - 4);
      const value = readBody(r, code);
      if (options.padding === 'inside' && r.end - r.at < 8) r.pad(r.end - r.at);
      r.leave(outer);
      if (options.padding === 'outside') r.pad(-(r.at - from) & 7);
      r.lengthError = outerError;
      return value;
    },
    write(w, value) {
      writeTlv(w, value, members, options);
    },
  };
}

function writeTlv(w: Writer, value: Value, members: ReadonlyMap<string, Member>, options: FamilyOptions): void {
  const from = w.claim(4);
  const unknown = value.type === 'unknown';
  const member = members.get(value.type);
  if (member === undefined && !unknown) throw invalid(`"${value.type}" does not exist in this version and place`);
  const code = unknown ? value.code : member!.code;
  if (unknown) w.put(value.data);
  else member!.kind.write(w, value);
  if (options.padding === 'inside') w.align8(from);
  w.bytes[from] = code >>> 8;
  w.bytes[from + 1] = code;
  w.patch16(from + 2, w.at - from);
  if (options.padding === 'outside') w.align8(from);
}

/** Members of plain rows. */
export function membersOf(rows: readonly Row[]): Map<string, Member> {
  return new Map(rows.map(({ code, name, fields }) => [name, { code, kind: tagged(fields, name) }]));
}
