import { actionList } from '../actions/index.js';
import { list, measured, port16, text, u8, u16, u32, u64 } from '../core/kinds.js';
import { pad, struct } from '../core/struct.js';
import { match10 } from '../match10.js';
import { multipart, nothing } from './multipart.js';
import { aggregateCounters, desc } from './multipart-shared.js';
import { ALL_TABLES, noList, ports } from './shared.js';
import { port10 } from './v10.js';

const flowRequest = struct(['match', match10, noList], ['table_id', u8, ALL_TABLES], pad(1), [
  'out_port',
  port16,
  ports.any,
]);

const flowStats = struct(
  ['table_id', u8],
  pad(1),
  ['match', match10],
  ['duration_sec', u32, 0],
  ['duration_nsec', u32, 0],
  ['priority', u16],
  ['idle_timeout', u16, 0],
  ['hard_timeout', u16, 0],
  pad(6),
  ['cookie', u64, 0n],
  ['packet_count', u64, 0n],
  ['byte_count', u64, 0n],
  ['actions', actionList, noList],
);

const tableStats = struct(
  ['table_id', u8],
  pad(3),
  ['name', text(32)],
  ['wildcards', u32],
  ['max_entries', u32],
  ['active_count', u32],
  ['lookup_count', u64],
  ['matched_count', u64],
);

const portStats = struct(
  ['port_no', port16],
  pad(6),
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
);

const queueStats = struct(
  ['port_no', port16],
  pad(2),
  ['queue_id', u32],
  ['tx_bytes', u64],
  ['tx_packets', u64],
  ['tx_errors', u64],
);

/** Statistics of OpenFlow 1.0 (section 5.3.5), with Open vSwitch's port descriptions. */
export const multipart10 = [
  multipart(0, 'desc', nothing, desc),
  multipart(1, 'flow', flowRequest, list(measured(flowStats))),
  multipart(2, 'aggregate', flowRequest, aggregateCounters),
  multipart(3, 'table', nothing, list(tableStats)),
  multipart(4, 'port_stats', struct(['port_no', port16, ports.any], pad(6)), list(portStats)),
  multipart(
    5,
    'queue',
    struct(['port_no', port16, ports.any], pad(2), ['queue_id', u32, 0xffff_ffff]),
    list(queueStats),
  ),
  multipart(13, 'port_desc', nothing, list(port10)),
] as const;
