import { text, u32, u64 } from '../core/kinds.js';
import { pad, struct } from '../core/struct.js';

/** `struct ofp_desc` (OpenFlow 1.3.5 section 7.3.5.1). */
export const desc = struct(
  ['mfr_desc', text(256)],
  ['hw_desc', text(256)],
  ['sw_desc', text(256)],
  ['serial_num', text(32)],
  ['dp_desc', text(256)],
);

/** `struct ofp_aggregate_stats_reply` (section 7.3.5.3). */
export const aggregateCounters = struct(['packet_count', u64], ['byte_count', u64], ['flow_count', u32], pad(4));
