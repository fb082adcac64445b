import { invalid } from './errors.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** How one value stands in the bytes: the word that tables are written in. */
export interface Kind<T> {
  read(r: Reader): T;
  write(w: Writer, value: T): void;
}

export const u8: Kind<number> = { read: (r) => r.u8(), write: (w, v) => w.u8(v) };
export const u16: Kind<number> = { read: (r) => r.u16(), write: (w, v) => w.u16(v) };
export const u24: Kind<number> = { read: (r) => r.u24(), write: (w, v) => w.u24(v) };
export const u32: Kind<number> = { read: (r) => r.u32(), write: (w, v) => w.u32(v) };
export const u64: Kind<bigint> = { read: (r) => r.u64(), write: (w, v) => w.u64(v) };

/** A MAC address as a 48-bit number. */
export const mac: Kind<number> = { read: (r) => r.u48(), write: (w, v) => w.u48(v) };

/** All bytes up to the end of the part. Decoded as a view of the message, not a copy. */
export const rest: Kind<Uint8Array> = { read: (r) => r.rest(), write: (w, v) => w.put(v) };

/** The byte string that is missing. */
export const noBytes = new Uint8Array(0);

/** `count` unused bytes, written as zeros. */
export function zeros(count: number): Kind<undefined> {
  return {
    read: (r) => {
      r.pad(count);
      return undefined;
    },
    write: (w) => w.zero(count),
  };
}

const firstReserved10 = 0xff00;
const reservedOffset = 0xffff_0000;

/** The 32-bit port number of a 16-bit one: reserved ports keep their meaning (OFPP_LOCAL is 0xfffffffe everywhere). */
export function widenPort(port: number): number {
  return port >= firstReserved10 ? port + reservedOffset : port;
}

/** The 16-bit form of a port number. Throws `LC_INVALID` when there is none. */
export function narrowPort(port: number): number {
  if (port >>> 0 === port && port < firstReserved10) return port;
  if (port >= firstReserved10 + reservedOffset && port <= 0xffff_ffff) return port - reservedOffset;
  throw invalid(`port ${port} has no 16-bit form`, 'OpenFlow 1.0 has ports 0 to 65279 and the reserved ones');
}

/** A 16-bit port number of OpenFlow 1.0 and of Nicira's extensions, held as the 32-bit one. */
export const port16: Kind<number> = {
  read: (r) => widenPort(r.u16()),
  write: (w, v) => w.u16(narrowPort(v)),
};

/** A number with a name per value; numbers without a name stand for themselves. */
export function named<const N extends Readonly<Record<string, number>>>(base: Kind<number>, names: N) {
  type Name = (keyof N & string) | number;
  const byNumber = new Map<number, Name>(Object.entries(names).map(([name, number]) => [number, name]));
  const byName = new Map<string, number>(Object.entries(names));
  const table: (Name | undefined)[] = Array.from({ length: 64 }, (_, number) => byNumber.get(number));
  const kind: Kind<Name> = {
    read: (r) => {
      const number = base.read(r);
      return (number < 64 ? table[number] : byNumber.get(number)) ?? number;
    },
    write: (w, value) => {
      const number = typeof value === 'number' ? value : byName.get(value);
      if (number === undefined) throw invalid(`"${value}" is not one of ${[...byName.keys()].join(', ')}`);
      base.write(w, number);
    },
  };
  return kind;
}

/** As many values as the part has room for. */
export function list<T>(kind: Kind<T>): Kind<readonly T[]> {
  return {
    read: (r) => {
      const values: T[] = [];
      while (r.at < r.end) values.push(kind.read(r));
      return values;
    },
    write: (w, values) => {
      for (const value of values) kind.write(w, value);
    },
  };
}

/** A part that starts with its own 16-bit length, which counts itself. */
export function measured<T>(kind: Kind<T>): Kind<T> {
  return {
    read: (r) => {
      const outer = r.enter(r.u16() - 2);
      const value = kind.read(r);
      r.leave(outer);
      return value;
    },
    write: (w, value) => {
      const from = w.claim(2);
      kind.write(w, value);
      w.patch16(from, w.at - from);
    },
  };
}

/** A 16-bit length that stands at byte `offset` of the part that it measures; the struct has a {@link gap} there. */
export function measuredAt<T>(offset: number, kind: Kind<T>): Kind<T> {
  return {
    read: (r) => {
      const from = r.at;
      r.take(offset);
      const length = r.u16();
      r.at = from;
      const outer = r.enter(length);
      const value = kind.read(r);
      r.leave(outer);
      return value;
    },
    write: (w, value) => {
      const from = w.at;
      kind.write(w, value);
      w.patch16(from + offset, w.at - from);
    },
  };
}

/** The two bytes that {@link measuredAt} reads and fills in. */
export const gap: Kind<undefined> = {
  read: (r) => {
    r.take(2);
    return undefined;
  },
  write: (w) => w.zero(2),
};

/** A 16-bit length of a part that comes later: see {@link slotted}. */
export const slotKind: Kind<undefined> = {
  read: (r) => {
    r.slot = r.u16();
    return undefined;
  },
  write: (w) => {
    w.slot = w.claim(2);
  },
};

/** A part whose length in bytes stood in the last slot; `align`: zeros to a multiple of 8 follow it. */
export function slotted<T>(kind: Kind<T>, align = false): Kind<T> {
  return {
    read: (r) => {
      const from = r.at;
      const outer = r.enter(r.slot);
      const value = kind.read(r);
      r.leave(outer);
      if (align) r.pad(-(r.at - from) & 7);
      return value;
    },
    write: (w, value) => {
      const { slot, at } = w;
      kind.write(w, value);
      w.patch16(slot, w.at - at);
      if (align) w.align8(at);
    },
  };
}

/** A value in a place of `count` bytes, zeros behind it. */
export function within<T>(count: number, kind: Kind<T>): Kind<T> {
  return {
    read: (r) => {
      const outer = r.enter(count);
      const value = kind.read(r);
      r.pad(r.left);
      r.leave(outer);
      return value;
    },
    write: (w, value) => {
      const from = w.at;
      kind.write(w, value);
      w.zero(from + count - w.at);
    },
  };
}

/** A value, or nothing where the part ends. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return {
    read: (r) => (r.left === 0 ? undefined : kind.read(r)),
    write: (w, value) => {
      if (value !== undefined) kind.write(w, value);
    },
  };
}

/** Exactly `count` values. */
export function times<T>(count: number, kind: Kind<T>): Kind<readonly T[]> {
  return {
    read: (r) => Array.from({ length: count }, () => kind.read(r)),
    write: (w, values) => {
      if (values.length !== count) throw invalid(`${values.length} values where ${count} belong`);
      for (const value of values) kind.write(w, value);
    },
  };
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const toUtf8 = new TextEncoder();

function readText(r: Reader, from: number, count: number): string {
  const nul = r.bytes.subarray(from, from + count).indexOf(0);
  const length = nul === -1 ? count : nul;
  const text = utf8.decode(r.bytes.subarray(from, from + length));
  const plain = text.length === length && !text.includes('\ufffd');
  if (plain || sameBytes(toUtf8.encode(text), r.bytes, from, length)) {
    for (let i = from + length; i < from + count; i++) {
      if (r.bytes[i] !== 0) r.keep(i);
    }
  } else r.keepAll(from, count);
  return text;
}

function sameBytes(some: Uint8Array, bytes: Uint8Array, from: number, count: number): boolean {
  return some.length === count && some.every((byte, i) => byte === bytes[from + i]);
}

/** UTF-8 text in `count` bytes, filled up with zeros. */
export function text(count: number): Kind<string> {
  return {
    read: (r) => {
      const from = r.at;
      r.take(count);
      return readText(r, from, count);
    },
    write: (w, value) => {
      const encoded = toUtf8.encode(value).subarray(0, count);
      w.put(encoded);
      w.zero(count - encoded.length);
    },
  };
}
