import { errorPairs, invalid } from '../core/errors.js';
import type { Kind } from '../core/kinds.js';

/** The addresses and ports that a nat action may choose from. */
export interface NatRange {
  readonly ipv4_min?: number;
  readonly ipv4_max?: number;
  readonly ipv6_min?: Uint8Array;
  readonly ipv6_max?: Uint8Array;
  readonly proto_min?: number;
  readonly proto_max?: number;
}

/** In the order of the bits of `range_present` and of the wire. */
const parts = [
  ['ipv4_min', 4],
  ['ipv4_max', 4],
  ['ipv6_min', 16],
  ['ipv6_max', 16],
  ['proto_min', 2],
  ['proto_max', 2],
] as const;

/** `range_present` and what it says is there. */
export const natRange: Kind<NatRange> = {
  read: (r) => {
    const present = r.u16();
    if (present >>> parts.length !== 0) r.fail(`nat range 0x${present.toString(16)}`, errorPairs.badActionArgument);
    const range: Record<string, number | Uint8Array> = {};
    parts.forEach(([name, size], bit) => {
      if (((present >>> bit) & 1) === 0) return;
      range[name] = size === 16 ? r.take(16) : size === 4 ? r.u32() : r.u16();
    });
    return range;
  },
  write: (w, range) => {
    w.u16(parts.reduce((bits, [name], bit) => (range[name] === undefined ? bits : bits | (1 << bit)), 0));
    for (const [name, size] of parts) {
      const value = range[name];
      if (value === undefined) continue;
      if (value instanceof Uint8Array) {
        if (value.length !== size) throw invalid(`${name} takes ${size} bytes`);
        w.put(value);
      } else if (size === 4) w.u32(value);
      else w.u16(value);
    }
  },
};
