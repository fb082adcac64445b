import { LinecardError } from '@linecard/wire';
import { type AttributeCodec, type AttributesOf, type AttributeTable, joinBytes } from './attributes.js';
import { align4, LITTLE, viewOf } from './host-order.js';

/** One member of a fixed C structure. */
export type Member = 'u8' | 'u16' | 'u32' | 'i32';
const sizes = { u8: 1, u16: 2, u32: 4, i32: 4 } as const;

/** A fixed C structure: its members in order, with no padding but what is listed. */
export type Layout = Readonly<Record<string, Member>>;
export type StructOf<L extends Layout> = { [K in keyof L]: number };

/** The size of a structure in bytes. */
export function sizeOf(layout: Layout): number {
  return Object.values(layout).reduce((sum, member) => sum + sizes[member], 0);
}

const readers: Record<Member, (view: DataView, at: number) => number> = {
  u8: (view, at) => view.getUint8(at),
  u16: (view, at) => view.getUint16(at, LITTLE),
  u32: (view, at) => view.getUint32(at, LITTLE),
  i32: (view, at) => view.getInt32(at, LITTLE),
};

const writers: Record<Member, (view: DataView, at: number, value: number) => void> = {
  u8: (view, at, value) => view.setUint8(at, value),
  u16: (view, at, value) => view.setUint16(at, value, LITTLE),
  u32: (view, at, value) => view.setUint32(at, value, LITTLE),
  i32: (view, at, value) => view.setInt32(at, value, LITTLE),
};

/** Reads a structure from the start of `bytes`. Throws `LC_PROTOCOL` when it is cut off. */
export function decodeStruct<L extends Layout>(layout: L, bytes: Uint8Array): StructOf<L> {
  const view = viewOf(bytes);
  const out: Record<string, number> = {};
  let at = 0;
  for (const name in layout) {
    const member = layout[name]!;
    if (bytes.length - at < sizes[member]) {
      throw new LinecardError('LC_PROTOCOL', `netlink: a structure is cut off after ${bytes.length} bytes`);
    }
    out[name] = readers[member](view, at);
    at += sizes[member];
  }
  return out as StructOf<L>;
}

/** Writes a structure; members that are not given are zero. */
export function encodeStruct<L extends Layout>(layout: L, value: Partial<StructOf<L>>): Uint8Array {
  const out = new Uint8Array(sizeOf(layout));
  const view = viewOf(out);
  let at = 0;
  for (const [name, member] of Object.entries(layout)) {
    writers[member](view, at, value[name] ?? 0);
    at += sizes[member];
  }
  return out;
}

/** The payload of a kind of message: a fixed structure, then attributes. */
export interface Payload<L extends Layout, T extends AttributeTable> {
  decode(bytes: Uint8Array): { head: StructOf<L>; attrs: AttributesOf<T> };
  encode(head: Partial<StructOf<L>>, attrs: AttributesOf<T>): Uint8Array;
}

/** Puts a structure and a table of attributes together. */
export function payload<const L extends Layout, T extends AttributeTable>(
  layout: L,
  codec: AttributeCodec<T>,
): Payload<L, T> {
  const attributesAt = align4(sizeOf(layout));
  return {
    decode: (bytes) => ({
      head: decodeStruct(layout, bytes),
      attrs: codec.decode(bytes.subarray(Math.min(attributesAt, bytes.length))),
    }),
    encode: (head, attrs) => {
      const start = new Uint8Array(attributesAt);
      start.set(encodeStruct(layout, head));
      return joinBytes([start, codec.encode(attrs)]);
    },
  };
}
