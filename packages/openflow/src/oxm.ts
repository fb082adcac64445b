import { errorPairs, invalid } from './core/errors.js';
import type { Kind } from './core/kinds.js';
import { narrowPort, widenPort } from './core/kinds.js';
import type { Reader } from './core/reader.js';
import type { Writer } from './core/writer.js';
import { encodingClasses, type FieldName, type FieldRow, fieldRows } from './fields.js';

/**
 * The value of a field: a number up to 48 bits (ports, IPv4 and MAC addresses included: they are cheap, and usable as
 * keys), a bigint for 64 bits, bytes beyond (IPv6 addresses, labels, tunnel metadata).
 */
export type FieldValue = number | bigint | Uint8Array;

/** One field of a match. */
export interface KnownField {
  readonly field: FieldName;
  readonly value: FieldValue;
  /** Which bits count; absent: all of them. */
  readonly mask?: FieldValue;
  /** The encoding, as `NXM_OF_ETH_SRC`, when it is not the one that this version would be written with. */
  readonly as?: string;
}

/** A field that the table does not know, kept as it came: `value` holds experimenter, value and mask. */
export interface UnknownField {
  readonly field: 'unknown';
  /** The 32-bit OXM header: class, field, has-mask, length. */
  readonly header: number;
  readonly value: Uint8Array;
}

/** A field of a match or of a set-field action. */
export type MatchField = KnownField | UnknownField;

/**
 * What packets a flow matches: fields in the order of the wire. A list and not an object keyed by name, because OXM is
 * ordered (prerequisites first) and bytes must survive, and because a list of like-shaped objects is cheaper to make
 * and walk than an object with computed keys.
 */
export type Match = readonly MatchField[];

/** One way to write a field. */
export interface Encoding {
  readonly name: string;
  readonly row: FieldRow<FieldName>;
  /** Class and field number in their places, no mask, no length. */
  readonly header: number;
  readonly experimenter: number;
  readonly size: number;
  read(r: Reader, size: number): FieldValue;
  write(w: Writer, value: FieldValue): void;
  /** Indexed by version: whether a field of this version is written so when nothing else is said. */
  readonly isDefault: readonly boolean[];
}

const versions = [1, 4, 5, 6] as const;

type ValueCodec = Pick<Encoding, 'read' | 'write'>;

function numeric(read: (r: Reader) => number, write: (w: Writer, value: number) => void): ValueCodec {
  return {
    read,
    write: (w, value) => {
      if (typeof value !== 'number') throw invalid(`a field of up to 48 bits takes a number, not ${typeof value}`);
      write(w, value);
    },
  };
}

const codecs: Readonly<Record<number, ValueCodec>> = {
  1: numeric(
    (r) => r.u8(),
    (w, v) => w.u8(v),
  ),
  2: numeric(
    (r) => r.u16(),
    (w, v) => w.u16(v),
  ),
  3: numeric(
    (r) => r.u24(),
    (w, v) => w.u24(v),
  ),
  4: numeric(
    (r) => r.u32(),
    (w, v) => w.u32(v),
  ),
  6: numeric(
    (r) => r.u48(),
    (w, v) => w.u48(v),
  ),
  8: {
    read: (r) => r.u64(),
    write: (w, v) => {
      if (typeof v !== 'bigint') throw invalid(`a 64-bit field takes a bigint, not ${typeof v}`);
      w.u64(v);
    },
  },
};

const shortPort = numeric(
  (r) => widenPort(r.u16()),
  (w, v) => w.u16(narrowPort(v)),
);

function byteString(size: number): ValueCodec {
  return {
    read: (r, length) => r.take(length),
    write: (w, v) => {
      if (!(v instanceof Uint8Array) || (size === 124 ? v.length > 124 || v.length === 0 : v.length !== size)) {
        throw invalid(`a field of ${size} bytes takes that many bytes`);
      }
      w.put(v);
    },
  };
}

function classOf(name: string): readonly [string, number, number] {
  const found = encodingClasses.find(([prefix]) => name.startsWith(prefix));
  if (found === undefined) throw new Error(`no class for ${name}`);
  return found;
}

interface ParsedEncoding {
  readonly name: string;
  readonly number: number;
  readonly size: number | undefined;
  readonly since: number;
}

function parseEncoding(text: string): ParsedEncoding {
  const [, name, number, size, since] = /^(\w+):(\d+)(?:\/(\d+))?(?:@(\d+))?$/.exec(text)!;
  return {
    name: name!,
    number: Number(number),
    size: size === undefined ? undefined : Number(size),
    since: Number(since ?? 0),
  };
}

/** OpenFlow 1.0 knows only NXM; later versions write OXM where there is one, the newest that they know. */
function defaultEncoding(encodings: readonly ParsedEncoding[], version: number): ParsedEncoding {
  const nxm = encodings.find(({ name }) => name.startsWith('NXM'));
  if (version === 1 && nxm !== undefined) return nxm;
  const rest = encodings.filter((e) => e.since <= version && (e !== nxm || encodings.length === 1));
  return (
    rest.reduce<ParsedEncoding | undefined>((best, e) => (best && best.since > e.since ? best : e), undefined) ??
    encodings[0]!
  );
}

function compileField(row: FieldRow<FieldName>): Encoding[] {
  const parsed = row.encodings.map(parseEncoding);
  const defaults = new Map(versions.map((version) => [version, defaultEncoding(parsed, version)]));
  return parsed.map((encoding) => {
    const [, oxmClass, experimenter] = classOf(encoding.name);
    const size = encoding.size ?? row.size;
    const codec = encoding.size === 2 && row.format === 'port' ? shortPort : (codecs[size] ?? byteString(size));
    return {
      name: encoding.name,
      row,
      header: ((oxmClass << 16) | (encoding.number << 9)) >>> 0,
      experimenter,
      size,
      ...codec,
      isDefault: Array.from({ length: 7 }, (_, v) => defaults.get(v as 1) === encoding),
    };
  });
}

/** All encodings of all fields. */
export const encodings: readonly Encoding[] = fieldRows.flatMap(compileField);

/** Encodings by name, as `NXM_NX_REG0`. */
export const encodingByName: ReadonlyMap<string, Encoding> = new Map(encodings.map((e) => [e.name, e]));

const byHeader = new Map<number, Encoding>();
const byExperimenter = new Map<number, Map<number, Encoding>>();
const basic: (Encoding | undefined)[] = new Array(128).fill(undefined);
for (const encoding of encodings) {
  if (encoding.header >>> 16 === 0x8000) basic[(encoding.header >>> 9) & 0x7f] = encoding;
  if (encoding.experimenter === 0) byHeader.set(encoding.header >>> 9, encoding);
  else {
    const family = byExperimenter.get(encoding.experimenter) ?? new Map<number, Encoding>();
    byExperimenter.set(encoding.experimenter, family.set(encoding.header >>> 9, encoding));
  }
}

const defaultsByVersion: readonly Readonly<Record<string, Encoding>>[] = Array.from({ length: 7 }, (_, version) =>
  Object.fromEntries(encodings.filter((e) => e.isDefault[version]).map((e) => [e.row.name, e])),
);

/** How `field` is written in a version. */
export function encodingOf(field: string, version: number, as?: string): Encoding {
  const encoding = as === undefined ? defaultsByVersion[version]![field] : encodingByName.get(as);
  if (encoding === undefined) throw invalid(`there is no match field "${as ?? field}"`);
  return encoding;
}

/** The encoding that a 32-bit OXM header means; `experimenter` counts for class 0xffff only. */
export function encodingOfHeader(header: number, experimenter: number): Encoding | undefined {
  if (header >>> 16 === 0x8000) return basic[(header >>> 9) & 0x7f];
  if (header >>> 16 === 0xffff) return byExperimenter.get(experimenter)?.get(header >>> 9);
  return byHeader.get(header >>> 9);
}

function peek32(r: Reader): number {
  const b = r.bytes;
  return r.left < 4 ? 0 : ((b[r.at]! << 24) | (b[r.at + 1]! << 16) | (b[r.at + 2]! << 8) | b[r.at + 3]!) >>> 0;
}

/** Reads one OXM or NXM TLV. */
export function readField(r: Reader): MatchField {
  const header = r.u32();
  const length = header & 0xff;
  if (length > r.left) r.fail(`a match field of ${length} bytes, ${r.left} are left`);
  const encoding = encodingOfHeader(header, header >>> 16 === 0xffff ? peek32(r) : 0);
  if (encoding === undefined) return { field: 'unknown', header, value: r.take(length) };
  return readKnown(r, header, encoding);
}

function readKnown(r: Reader, header: number, encoding: Encoding): MatchField {
  const payload = (header & 0xff) - (encoding.experimenter === 0 ? 0 : 4);
  const masked = (header & 0x100) !== 0;
  const size = masked ? payload >> 1 : payload;
  const variable = encoding.size === 124 && size <= 124 && size > 0;
  if ((size !== encoding.size && !variable) || (masked && (payload & 1) === 1)) {
    r.fail(`${encoding.name} of ${payload} bytes`, errorPairs.badMatchLength);
  }
  if (encoding.experimenter !== 0) r.at += 4;
  const field = encoding.row.name;
  const value = encoding.read(r, size);
  if (encoding.isDefault[r.version]) {
    return masked ? { field, value, mask: encoding.read(r, size) } : { field, value };
  }
  const as = encoding.name;
  return masked ? { field, value, mask: encoding.read(r, size), as } : { field, value, as };
}

/** Writes one OXM or NXM TLV. */
export function writeField(w: Writer, field: MatchField): void {
  if (field.field === 'unknown') {
    w.u32(field.header);
    w.put(field.value);
    return;
  }
  const encoding = encodingOf(field.field, w.version, field.as);
  const from = w.claim(4);
  if (encoding.experimenter !== 0) w.raw32(encoding.experimenter);
  encoding.write(w, field.value);
  if (field.mask !== undefined) encoding.write(w, field.mask);
  const b = w.bytes;
  b[from] = encoding.header >>> 24;
  b[from + 1] = encoding.header >>> 16;
  b[from + 2] = (encoding.header >>> 8) | (field.mask === undefined ? 0 : 1);
  b[from + 3] = w.at - from - 4;
}

/** OXM fields up to the end of the part. */
export const fieldList: Kind<Match> = {
  read: (r) => {
    const fields: MatchField[] = [];
    while (r.at < r.end) fields.push(readField(r));
    return fields;
  },
  write: (w, fields) => {
    for (let i = 0; i < fields.length; i++) writeField(w, fields[i]!);
  },
};

/** `struct ofp_match` of OpenFlow 1.2 and later (section 7.2.2): type, length, fields, zeros to a multiple of 8. */
export const oxmMatch: Kind<Match> = {
  read: (r) => {
    const outerError = r.lengthError;
    r.lengthError = errorPairs.badMatchLength;
    const from = r.at;
    const type = r.u16();
    if (type !== 1) r.fail(`match type ${type}, only OXM (1) is known`, errorPairs.badMatchType);
    const outer = r.enter(r.u16() - 4);
    const fields = fieldList.read(r);
    r.leave(outer);
    r.pad(-(r.at - from) & 7);
    r.lengthError = outerError;
    return fields;
  },
  write: (w, fields) => {
    const from = w.claim(4);
    fieldList.write(w, fields);
    w.bytes[from] = 0;
    w.bytes[from + 1] = 1;
    w.patch16(from + 2, w.at - from);
    w.align8(from);
  },
};
