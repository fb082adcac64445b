import { formatIp, formatMac, LinecardError, parseIp, toHex } from '@linecard/wire';
import { attribute, type Codec, eachAttribute, joinBytes } from './attributes.js';
import { LITTLE, viewOf } from './host-order.js';

function exactly(bytes: Uint8Array, size: number): DataView {
  if (bytes.length < size) {
    throw new LinecardError('LC_PROTOCOL', `netlink: an integer of ${size} bytes has only ${bytes.length}`);
  }
  return viewOf(bytes);
}

function integer(
  size: number,
  get: (view: DataView) => number,
  set: (view: DataView, value: number) => void,
): Codec<number> {
  return {
    decode: (bytes) => get(exactly(bytes, size)),
    encode(value) {
      const out = new Uint8Array(size);
      set(viewOf(out), value);
      return out;
    },
  };
}

export const u8 = integer(
  1,
  (view) => view.getUint8(0),
  (view, value) => view.setUint8(0, value),
);
export const u16 = integer(
  2,
  (view) => view.getUint16(0, LITTLE),
  (view, value) => view.setUint16(0, value, LITTLE),
);
export const u32 = integer(
  4,
  (view) => view.getUint32(0, LITTLE),
  (view, value) => view.setUint32(0, value, LITTLE),
);
export const i32 = integer(
  4,
  (view) => view.getInt32(0, LITTLE),
  (view, value) => view.setInt32(0, value, LITTLE),
);

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Text with a terminating zero, which the kernel sometimes leaves out. */
export const text: Codec<string> = {
  decode(bytes) {
    let out = '';
    for (const byte of bytes) {
      if (byte === 0) break;
      // Names are short and nearly always ASCII, where a TextDecoder costs more than the whole message.
      if (byte > 0x7f) return decoder.decode(bytes).replace(/\0.*$/s, '');
      out += String.fromCharCode(byte);
    }
    return out;
  },
  encode: (value) => encoder.encode(`${value}\0`),
};

/** Bytes as they are; a copy, because the frame that they came in is reused. */
export const opaque: Codec<Uint8Array> = { decode: (bytes) => bytes.slice(), encode: (value) => value };

/** An attribute whose presence is its meaning. */
export const flag: Codec<true> = { decode: () => true, encode: () => new Uint8Array(0) };

/** A link-layer address: 6 bytes for Ethernet, other lengths for other kinds of links. */
export const hardwareAddress: Codec<string> = {
  decode: (bytes) => (bytes.length === 6 ? formatMac(bytes) : toHex(bytes, ':')),
  encode: (value) => Uint8Array.from(value.split(':'), (part) => Number.parseInt(part, 16)),
};

/** An IPv4 or IPv6 address, told apart by its length. */
export const ip: Codec<string> = {
  decode(bytes) {
    if (bytes.length !== 4 && bytes.length !== 16) {
      throw new LinecardError('LC_PROTOCOL', `netlink: an address of ${bytes.length} bytes`);
    }
    return formatIp(bytes);
  },
  encode: parseIp,
};

/** A nest whose members all have the same type and the same codec, as the bits of an ethtool bitset. */
export function listOf<T>(type: number, member: Codec<T>): Codec<T[]> {
  return {
    nested: true,
    decode(bytes) {
      const out: T[] = [];
      eachAttribute(bytes, (found, start, end) => {
        if (found === type) out.push(member.decode(bytes.subarray(start, end)));
      });
      return out;
    },
    encode: (values) => joinBytes(values.map((value) => attribute(type, member.encode(value), member.nested))),
  };
}
