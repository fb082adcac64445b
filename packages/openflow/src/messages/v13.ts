import { sizedActions } from '../actions/index.js';
import { mac, noBytes, rest, text, u8, u16, u32, u64 } from '../core/kinds.js';
import { pad, struct } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { instructionList } from '../instructions.js';
import { oxmMatch } from '../oxm.js';
import { async13 } from './async.js';
import { groupMod13 } from './groups.js';
import { meterMod } from './meters.js';
import { queueConfigReply13, queueConfigRequest13 } from './queues.js';
import { role13 } from './roles.js';
import {
  configFields,
  DEFAULT_PRIORITY,
  echoFields,
  errorFields,
  flowModCommand,
  flowRemovedReason,
  groups,
  helloFields,
  NO_BUFFER,
  noList,
  packetInReason,
  portReason,
  ports,
} from './shared.js';
import { tableMod13 } from './tables14.js';

/** `struct ofp_port` of OpenFlow 1.1 to 1.3 (section 7.2.1). */
export const port13 = struct(
  ['port_no', u32],
  pad(4),
  ['hw_addr', mac],
  pad(2),
  ['name', text(16)],
  ['config', u32, 0],
  ['state', u32, 0],
  ['curr', u32, 0],
  ['advertised', u32, 0],
  ['supported', u32, 0],
  ['peer', u32, 0],
  ['curr_speed', u32, 0],
  ['max_speed', u32, 0],
);

export const symmetric = [
  row(0, 'hello', ...helloFields),
  row(1, 'error', ...errorFields),
  row(2, 'echo_request', ...echoFields),
  row(3, 'echo_reply', ...echoFields),
] as const;

/** Messages that 1.3, 1.4 and 1.5 share (numbers and layout). */
export const shared13to15 = [
  ...symmetric,
  row(5, 'features_request'),
  row(
    6,
    'features_reply',
    ['datapath_id', u64],
    ['n_buffers', u32, 0],
    ['n_tables', u8, 1],
    ['auxiliary_id', u8, 0],
    pad(2),
    ['capabilities', u32, 0],
    ['reserved', u32, 0],
  ),
  row(7, 'get_config_request'),
  row(8, 'get_config_reply', ...configFields),
  row(9, 'set_config', ...configFields),
  row(
    10,
    'packet_in',
    ['buffer_id', u32, NO_BUFFER],
    ['total_len', u16],
    ['reason', packetInReason],
    ['table_id', u8, 0],
    ['cookie', u64, 0n],
    ['match', oxmMatch],
    pad(2),
    ['data', rest],
  ),
  row(20, 'barrier_request'),
  row(21, 'barrier_reply'),
  row(26, 'get_async_request'),
  row(29, 'meter_mod', ...meterMod),
] as const;

export const flowRemoved13 = row(
  11,
  'flow_removed',
  ['cookie', u64, 0n],
  ['priority', u16],
  ['reason', flowRemovedReason],
  ['table_id', u8, 0],
  ['duration_sec', u32, 0],
  ['duration_nsec', u32, 0],
  ['idle_timeout', u16, 0],
  ['hard_timeout', u16, 0],
  ['packet_count', u64, 0n],
  ['byte_count', u64, 0n],
  ['match', oxmMatch],
);

export const packetOut13 = row(
  13,
  'packet_out',
  ['buffer_id', u32, NO_BUFFER],
  ['in_port', u32, ports.any],
  ['actions', sizedActions(6), noList],
  ['data', rest, noBytes],
);

/** OFPT_FLOW_MOD up to the last 16 bits, which 1.3 does not use and 1.4 calls importance. */
export const flowHead = [
  ['cookie', u64, 0n],
  ['cookie_mask', u64, 0n],
  ['table_id', u8, 0],
  ['command', flowModCommand, 'add'],
  ['idle_timeout', u16, 0],
  ['hard_timeout', u16, 0],
  ['priority', u16, DEFAULT_PRIORITY],
  ['buffer_id', u32, NO_BUFFER],
  ['out_port', u32, ports.any],
  ['out_group', u32, groups.any],
  ['flags', u16, 0],
] as const;

export const flowTail = [
  ['match', oxmMatch, noList],
  ['instructions', instructionList, noList],
] as const;

/** Messages of OpenFlow 1.3 (sections 7.3 to 7.5 of 1.3.5), except for multipart and experimenter messages. */
export const messages13 = [
  ...shared13to15,
  flowRemoved13,
  row(12, 'port_status', ['reason', portReason], pad(7), ['desc', port13]),
  packetOut13,
  row(14, 'flow_mod', ...flowHead, pad(2), ...flowTail),
  row(15, 'group_mod', ...groupMod13),
  row(
    16,
    'port_mod',
    ['port_no', u32],
    pad(4),
    ['hw_addr', mac],
    pad(2),
    ['config', u32, 0],
    ['mask', u32, 0],
    ['advertise', u32, 0],
    pad(4),
  ),
  row(17, 'table_mod', ...tableMod13),
  row(22, 'queue_get_config_request', ...queueConfigRequest13),
  row(23, 'queue_get_config_reply', ...queueConfigReply13),
  row(24, 'role_request', ...role13),
  row(25, 'role_reply', ...role13),
  row(27, 'get_async_reply', ...async13),
  row(28, 'set_async', ...async13),
] as const;
