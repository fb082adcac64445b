import { LinecardError } from '@linecard/wire';
import { align4, LITTLE, viewOf } from './host-order.js';

/** How the payload of one attribute is read and written. */
export interface Codec<T> {
  /** The payload is attributes again: the type gets NLA_F_NESTED, which generic netlink insists on. */
  readonly nested?: true;
  decode(bytes: Uint8Array): T;
  encode(value: T): Uint8Array;
}

/** A table of attributes: a name in TypeScript, the number in the kernel's header, and the codec of the payload. */
export type AttributeTable = Readonly<Record<string, readonly [type: number, codec: Codec<unknown>]>>;

type ValueOf<C> = C extends Codec<infer T> ? T : never;

/** The object that a table describes; every attribute may be missing. */
export type AttributesOf<T extends AttributeTable> = { -readonly [K in keyof T]?: ValueOf<T[K][1]> };

/** NLA_F_NESTED and NLA_F_NET_BYTEORDER are flags in the upper bits of the type. */
const TYPE_MASK = 0x3fff;
const NLA_F_NESTED = 0x8000;
const HEADER = 4;

/**
 * Cuts bytes into attributes (struct nlattr: 16-bit length including the header, 16-bit type) and tells `visit` the
 * type of each and where its payload lies: most attributes of a link are skipped, so a view of each would be waste.
 * Throws `LC_PROTOCOL` when a length leaves the frame.
 */
export function eachAttribute(bytes: Uint8Array, visit: (type: number, start: number, end: number) => void): void {
  const view = viewOf(bytes);
  let at = 0;
  while (bytes.length - at >= HEADER) {
    const length = view.getUint16(at, LITTLE);
    if (length < HEADER || length > bytes.length - at) {
      throw new LinecardError(
        'LC_PROTOCOL',
        `netlink: an attribute of ${length} bytes at offset ${at} does not fit in ${bytes.length} bytes`,
      );
    }
    visit(view.getUint16(at + 2, LITTLE) & TYPE_MASK, at + HEADER, at + length);
    at += align4(length);
  }
  if (at < bytes.length) {
    throw new LinecardError('LC_PROTOCOL', `netlink: ${bytes.length - at} stray bytes after the last attribute`);
  }
}

/** One attribute with its padding. */
export function attribute(type: number, payload: Uint8Array, nested = false): Uint8Array {
  const out = new Uint8Array(align4(HEADER + payload.length));
  const view = viewOf(out);
  view.setUint16(0, HEADER + payload.length, LITTLE);
  view.setUint16(2, nested ? type | NLA_F_NESTED : type, LITTLE);
  out.set(payload, HEADER);
  return out;
}

/** Reader and writer of one table, with the lookup by number prepared once. */
export interface AttributeCodec<T extends AttributeTable> extends Codec<AttributesOf<T>> {
  readonly table: T;
}

/** Makes the reader and writer of a table. Attributes that the table does not know are skipped. */
export function attributes<const T extends AttributeTable>(table: T): AttributeCodec<T> {
  const byType = new Map(Object.entries(table).map(([name, [type, codec]]) => [type, { name, codec }]));
  return {
    table,
    nested: true,
    decode(bytes) {
      const out: Record<string, unknown> = {};
      eachAttribute(bytes, (type, start, end) => {
        const known = byType.get(type);
        if (known !== undefined) out[known.name] = known.codec.decode(bytes.subarray(start, end));
      });
      return out as AttributesOf<T>;
    },
    encode(value) {
      const parts: Uint8Array[] = [];
      for (const [name, [type, codec]] of Object.entries(table)) {
        const field: unknown = value[name];
        if (field !== undefined) parts.push(attribute(type, codec.encode(field), codec.nested));
      }
      return joinBytes(parts);
    },
  };
}

/** The bytes of all parts, one after the other. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
