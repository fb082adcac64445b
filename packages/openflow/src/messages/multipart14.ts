import { list, measured, u8, u16, u32, u64 } from '../core/kinds.js';
import { pad, struct } from '../core/struct.js';
import { instructionList } from '../instructions.js';
import { oxmMatch } from '../oxm.js';
import { stats } from '../oxs.js';
import { bundleFeatures, bundleFeaturesRequest } from './bundles.js';
import { flowMonitorRequest, flowUpdates } from './flow-monitor.js';
import { groupDesc13, groupDesc15, groupFeatures, groupRequest, groupStats } from './groups.js';
import { meterConfig, meterFeatures13, meterFeatures15, meterRequest, meterStats } from './meters.js';
import { multipart, nothing } from './multipart.js';
import { aggregateCounters, desc } from './multipart-shared.js';
import { flowRequest, flowStats, tableStats } from './multipart13.js';
import { portStats14 } from './port-stats14.js';
import { port14 } from './ports14.js';
import { queueDesc, queueRequest, queueStats14 } from './queues.js';
import { noList, ports } from './shared.js';
import { tableFeatures13, tableFeatures15 } from './table-features.js';
import { tableDesc } from './tables14.js';
import { controllerStatus } from './v15.js';

const portRequest = struct(['port_no', u32, ports.any], pad(4));

/** Multipart messages that 1.4 and 1.5 share. */
const shared = [
  multipart(0, 'desc', nothing, desc),
  multipart(3, 'table', nothing, list(tableStats)),
  multipart(4, 'port_stats', portRequest, portStats14),
  multipart(5, 'queue', queueRequest, queueStats14),
  multipart(6, 'group', groupRequest, groupStats),
  multipart(8, 'group_features', nothing, groupFeatures),
  multipart(9, 'meter', meterRequest, meterStats),
  multipart(10, 'meter_config', meterRequest, meterConfig),
  multipart(14, 'table_desc', nothing, tableDesc),
  multipart(15, 'queue_desc', queueRequest, queueDesc),
  multipart(16, 'flow_monitor', flowMonitorRequest, flowUpdates),
] as const;

/** Multipart messages of OpenFlow 1.4 (section 7.3.5 of 1.4.1). */
export const multipart14 = [
  ...shared,
  multipart(1, 'flow', flowRequest, list(measured(struct(...flowStats([['importance', u16, 0], pad(2)] as const))))),
  multipart(2, 'aggregate', flowRequest, aggregateCounters),
  multipart(7, 'group_desc', nothing, groupDesc13),
  multipart(11, 'meter_features', nothing, meterFeatures13),
  multipart(12, 'table_features', tableFeatures13, tableFeatures13),
  multipart(13, 'port_desc', nothing, list(port14)),
] as const;

const flowDesc = struct(
  pad(2),
  ['table_id', u8],
  pad(1),
  ['priority', u16],
  ['idle_timeout', u16, 0],
  ['hard_timeout', u16, 0],
  ['flags', u16, 0],
  ['importance', u16, 0],
  ['cookie', u64, 0n],
  ['match', oxmMatch],
  ['stats', stats, noList],
  ['instructions', instructionList, noList],
);

const flowStats15 = struct(
  pad(2),
  ['table_id', u8],
  ['reason', u8, 0],
  ['priority', u16],
  ['match', oxmMatch],
  ['stats', stats, noList],
);

/** Multipart messages of OpenFlow 1.5 (section 7.3.5 of 1.5.1). `flow` is called flow-desc there. */
export const multipart15 = [
  ...shared,
  multipart(1, 'flow', flowRequest, list(measured(flowDesc))),
  multipart(2, 'aggregate', flowRequest, struct(['stats', stats])),
  multipart(7, 'group_desc', groupRequest, groupDesc15),
  multipart(11, 'meter_features', nothing, meterFeatures15),
  multipart(12, 'table_features', tableFeatures15, tableFeatures15),
  multipart(13, 'port_desc', portRequest, list(port14)),
  multipart(17, 'flow_stats', flowRequest, list(measured(flowStats15))),
  multipart(18, 'controller_status', nothing, list(controllerStatus)),
  multipart(19, 'bundle_features', bundleFeaturesRequest, bundleFeatures),
] as const;
