import { invalid } from './core/errors.js';
import type { Kind } from './core/kinds.js';
import type { Reader } from './core/reader.js';
import type { Writer } from './core/writer.js';

/** A span of time as OpenFlow counts it. */
export interface Seconds {
  readonly sec: number;
  readonly nsec: number;
}

/** One statistic of a flow in OpenFlow 1.5 (section 7.2.4 of 1.5.1). */
export type Stat =
  | { readonly field: 'duration' | 'idle_time'; readonly value: Seconds }
  | { readonly field: 'flow_count'; readonly value: number }
  | { readonly field: 'packet_count' | 'byte_count'; readonly value: bigint }
  | { readonly field: 'unknown'; readonly header: number; readonly value: Uint8Array };

const basicClass = 0x8002;
const numbers = { duration: 0, idle_time: 1, flow_count: 3, packet_count: 4, byte_count: 5 } as const;
const names = new Map<number, keyof typeof numbers>(
  Object.entries(numbers).map(([name, number]) => [number, name as keyof typeof numbers]),
);
const sizes = { duration: 8, idle_time: 8, flow_count: 4, packet_count: 8, byte_count: 8 } as const;

function headerOf(name: keyof typeof numbers): number {
  return ((basicClass << 16) | (numbers[name] << 9) | sizes[name]) >>> 0;
}

function readStat(r: Reader): Stat {
  const header = r.u32();
  const name = names.get((header >>> 9) & 0x7f);
  if (name === undefined || header !== headerOf(name)) {
    return { field: 'unknown', header, value: r.take(header & 0xff) };
  }
  switch (name) {
    case 'duration':
    case 'idle_time':
      return { field: name, value: { sec: r.u32(), nsec: r.u32() } };
    case 'flow_count':
      return { field: name, value: r.u32() };
    default:
      return { field: name, value: r.u64() };
  }
}

function writeStat(w: Writer, stat: Stat): void {
  if (stat.field !== 'unknown' && !(stat.field in numbers)) throw invalid('there is no such statistic');
  w.raw32(stat.field === 'unknown' ? stat.header : headerOf(stat.field));
  switch (stat.field) {
    case 'unknown':
      w.put(stat.value);
      return;
    case 'duration':
    case 'idle_time':
      w.u32(stat.value.sec);
      w.u32(stat.value.nsec);
      return;
    case 'flow_count':
      w.u32(stat.value);
      return;
    default:
      w.u64(stat.value);
  }
}

/** `struct ofp_stats`: 16 reserved bits, length, statistics, zeros to a multiple of 8. */
export const stats: Kind<readonly Stat[]> = {
  read: (r) => {
    const from = r.at;
    r.pad(2);
    const outer = r.enter(r.u16() - 4);
    const values: Stat[] = [];
    while (r.at < r.end) values.push(readStat(r));
    r.leave(outer);
    r.pad(-(r.at - from) & 7);
    return values;
  },
  write: (w, values) => {
    const from = w.claim(4);
    for (const value of values) writeStat(w, value);
    w.bytes[from] = 0;
    w.bytes[from + 1] = 0;
    w.patch16(from + 2, w.at - from);
    w.align8(from);
  },
};
