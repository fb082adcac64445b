import { invalid } from '../core/errors.js';
import { type Kind, list, port16, u16 } from '../core/kinds.js';

/** Bits `start` to `start + count - 1` of a field, bit 0 the lowest. */
export interface BitRange {
  readonly start: number;
  readonly count: number;
}

/** Nicira's `ofs_nbits`: 10 bits of start, 6 bits of one less than the count. */
export const bitRange: Kind<BitRange> = {
  read: (r) => {
    const packed = r.u16();
    return { start: packed >>> 6, count: (packed & 0x3f) + 1 };
  },
  write: (w, { start, count }) => {
    if (start < 0 || start > 0x3ff || count < 1 || count > 64) throw invalid(`bits ${start}, ${count} of them`);
    w.u16((start << 6) | (count - 1));
  },
};

/** A 16-bit count, zeros, then that many 16-bit numbers. */
export function counted16(padding: number, kind: Kind<number> = u16): Kind<readonly number[]> {
  return {
    read: (r) => {
      const count = r.u16();
      r.pad(padding);
      const outer = r.enter(count * 2);
      const values = list(kind).read(r);
      r.leave(outer);
      return values;
    },
    write: (w, values) => {
      w.u16(values.length);
      w.zero(padding);
      for (const value of values) kind.write(w, value);
    },
  };
}

/** The ports of a bundle: count, 10 unused bytes, ports. */
export const bundlePorts = counted16(10, port16);
