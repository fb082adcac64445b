import { actionList } from '../actions/index.js';
import { list, measured, port16, slotted, u8, u16, u32, u64 } from '../core/kinds.js';
import { pad, slot, struct } from '../core/struct.js';
import { fieldList } from '../oxm.js';
import { nxFlowMonitorRequest, nxFlowUpdates, onfFlowMonitorRequest, onfFlowUpdates } from './flow-monitor.js';
import { groupDesc15, groupFeatures, groupRequest, groupStats } from './groups.js';
import { multipart, nothing } from './multipart.js';
import { aggregateCounters } from './multipart-shared.js';
import { ALL_TABLES, noList, ports } from './shared.js';

const flowRequest = struct(['out_port', port16, ports.any], slot, ['table_id', u8, ALL_TABLES], pad(3), [
  'match',
  slotted(fieldList, true),
  noList,
]);

const flowStats = struct(
  ['table_id', u8],
  pad(1),
  ['duration_sec', u32, 0],
  ['duration_nsec', u32, 0],
  ['priority', u16],
  ['idle_timeout', u16, 0],
  ['hard_timeout', u16, 0],
  slot,
  ['idle_age', u16, 0],
  ['hard_age', u16, 0],
  ['cookie', u64, 0n],
  ['packet_count', u64, 0n],
  ['byte_count', u64, 0n],
  ['match', slotted(fieldList, true)],
  ['actions', actionList, noList],
);

/** `struct nx_ipfix_stats_reply`: what an IPFIX exporter has seen and sent. */
const ipfix = struct(
  ['total_flows', u64],
  ['current_flows', u64],
  ['packets', u64],
  ['ipv4_packets', u64],
  ['ipv6_packets', u64],
  ['error_packets', u64],
  ['ipv4_error_packets', u64],
  ['ipv6_error_packets', u64],
  ['tx_packets', u64],
  ['tx_errors', u64],
  ['collector_set_id', u32, 0],
  pad(4),
);

/**
 * Nicira's statistics, by subtype. Open vSwitch answers flows, monitors and groups in OpenFlow 1.0 only, where the
 * standard has none of them, and IPFIX counters in every version.
 */
export const multipartNicira = [
  multipart(0, 'nx_flow', flowRequest, list(measured(flowStats))),
  multipart(1, 'nx_aggregate', flowRequest, aggregateCounters),
  multipart(2, 'nx_flow_monitor', nxFlowMonitorRequest, nxFlowUpdates),
  multipart(3, 'nx_ipfix_bridge', nothing, ipfix),
  multipart(4, 'nx_ipfix_flow', nothing, list(ipfix)),
  multipart(7, 'nx_group', groupRequest, groupStats),
  multipart(8, 'nx_group_desc', groupRequest, groupDesc15),
  multipart(9, 'nx_group_features', nothing, groupFeatures),
] as const;

/** ONF's extension to 1.3 (EXT-187). */
export const multipartOnf = [multipart(1870, 'onf_flow_monitor', onfFlowMonitorRequest, onfFlowUpdates)] as const;
