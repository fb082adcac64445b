import { list, measured, u8, u16, u32, u64 } from '../core/kinds.js';
import { type FieldDef, pad, struct } from '../core/struct.js';
import { instructionList } from '../instructions.js';
import { oxmMatch } from '../oxm.js';
import { groupDesc13, groupFeatures, groupRequest, groupStats } from './groups.js';
import { meterConfig, meterFeatures13, meterRequest, meterStats } from './meters.js';
import { multipart, nothing } from './multipart.js';
import { aggregateCounters, desc } from './multipart-shared.js';
import { queueRequest, queueStats13 } from './queues.js';
import { ALL_TABLES, groups, noList, ports } from './shared.js';
import { tableFeatures13 } from './table-features.js';
import { port13 } from './v13.js';

/** `struct ofp_flow_stats_request` (section 7.3.5.2), also of aggregates. */
export const flowRequest = struct(
  ['table_id', u8, ALL_TABLES],
  pad(3),
  ['out_port', u32, ports.any],
  ['out_group', u32, groups.any],
  pad(4),
  ['cookie', u64, 0n],
  ['cookie_mask', u64, 0n],
  ['match', oxmMatch, noList],
);

/** `struct ofp_flow_stats` of 1.3 and 1.4, which differ in the four bytes of `middle`. */
export function flowStats<const M extends readonly FieldDef[]>(middle: M) {
  return [
    ['table_id', u8],
    pad(1),
    ['duration_sec', u32, 0],
    ['duration_nsec', u32, 0],
    ['priority', u16],
    ['idle_timeout', u16, 0],
    ['hard_timeout', u16, 0],
    ['flags', u16, 0],
    ...middle,
    ['cookie', u64, 0n],
    ['packet_count', u64, 0n],
    ['byte_count', u64, 0n],
    ['match', oxmMatch],
    ['instructions', instructionList, noList],
  ] as const;
}

/** `struct ofp_table_stats` (section 7.3.5.4). */
export const tableStats = struct(
  ['table_id', u8],
  pad(3),
  ['active_count', u32],
  ['lookup_count', u64],
  ['matched_count', u64],
);

/** `struct ofp_port_stats` (section 7.3.5.6). */
const portStats = struct(
  ['port_no', u32],
  pad(4),
  ['rx_packets', u64],
  ['tx_packets', u64],
  ['rx_bytes', u64],
  ['tx_bytes', u64],
  ['rx_dropped', u64],
  ['tx_dropped', u64],
  ['rx_errors', u64],
  ['tx_errors', u64],
  ['rx_frame_err', u64],
  ['rx_over_err', u64],
  ['rx_crc_err', u64],
  ['collisions', u64],
  ['duration_sec', u32, 0],
  ['duration_nsec', u32, 0],
);

/** Multipart messages of OpenFlow 1.3 (section 7.3.5). */
export const multipart13 = [
  multipart(0, 'desc', nothing, desc),
  multipart(1, 'flow', flowRequest, list(measured(struct(...flowStats([pad(4)]))))),
  multipart(2, 'aggregate', flowRequest, aggregateCounters),
  multipart(3, 'table', nothing, list(tableStats)),
  multipart(4, 'port_stats', struct(['port_no', u32, ports.any], pad(4)), list(portStats)),
  multipart(5, 'queue', queueRequest, queueStats13),
  multipart(6, 'group', groupRequest, groupStats),
  multipart(7, 'group_desc', nothing, groupDesc13),
  multipart(8, 'group_features', nothing, groupFeatures),
  multipart(9, 'meter', meterRequest, meterStats),
  multipart(10, 'meter_config', meterRequest, meterConfig),
  multipart(11, 'meter_features', nothing, meterFeatures13),
  multipart(12, 'table_features', tableFeatures13, tableFeatures13),
  multipart(13, 'port_desc', nothing, list(port13)),
] as const;
