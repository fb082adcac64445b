import { actionList } from '../actions/index.js';
import { list, measured, port16, slotted, u8, u16, u32, u64 } from '../core/kinds.js';
import { pad, slot, struct } from '../core/struct.js';
import { fieldList } from '../oxm.js';
import { nxFlowMonitorRequest, nxFlowUpdates } from './flow-monitor.js';
import { multipart } from './multipart.js';
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

/** Nicira's statistics for OpenFlow 1.0, by subtype: what Open vSwitch answers where NXM is asked for. */
export const multipartNicira = [
  multipart(0, 'nx_flow', flowRequest, list(measured(flowStats))),
  multipart(1, 'nx_aggregate', flowRequest, aggregateCounters),
  multipart(2, 'nx_flow_monitor', nxFlowMonitorRequest, nxFlowUpdates),
] as const;
