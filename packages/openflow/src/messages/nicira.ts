import { actionList } from '../actions/index.js';
import { type Kind, list, named, noBytes, port16, rest, slotted, u8, u16, u32, u64 } from '../core/kinds.js';
import { properties } from '../core/properties.js';
import { pad, slot, struct } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { fieldList } from '../oxm.js';
import { async13, asyncProperties } from './async.js';
import { bundleAdd, bundleControl } from './bundles.js';
import { ctFlush } from './ct-flush.js';
import { embedded } from './embedded.js';
import { groupMod15 } from './groups.js';
import { roleStatus } from './roles.js';
import {
  ALL_TABLES,
  DEFAULT_PRIORITY,
  flowModCommand,
  flowRemovedReason,
  NO_BUFFER,
  noList,
  packetInReason,
  ports,
} from './shared.js';

const role = [['role', named(u32, { other: 0, master: 1, slave: 2 })]] as const;

/** An NXM match whose length stood in the last slot, with zeros to a multiple of 8. */
export const nxMatch = ['match', slotted(fieldList, true)] as const;

const packetProperties = properties([
  row(0, 'packet', ['data', rest]),
  row(1, 'full_len', ['full_len', u32]),
  row(2, 'buffer_id', ['buffer_id', u32]),
  row(3, 'table_id', ['table_id', u8]),
  row(4, 'cookie', pad(4), ['cookie', u64]),
  row(5, 'reason', ['reason', packetInReason]),
  row(6, 'metadata', ['match', fieldList]),
  row(7, 'userdata', ['userdata', rest]),
  row(8, 'continuation', ['continuation', rest]),
]);

const tlvMaps = [
  'maps',
  list(struct(['option_class', u16], ['option_type', u8], ['option_len', u8], ['index', u16], pad(2))),
  noList,
] as const;

/** A table as its number plus one; 0 on the wire is a table that is not told, 255 here. */
const tablePlusOne: Kind<number> = {
  read: (r) => (r.u8() + 255) & 0xff,
  write: (w, table) => w.u8((table + 1) & 0xff),
};

/** Nicira's messages (Open vSwitch's nicira-ext.h), by subtype. */
export const niciraMessages = [
  row(10, 'nx_role_request', ...role),
  row(11, 'nx_role_reply', ...role),
  row(12, 'nx_set_flow_format', ['format', named(u32, { openflow10: 0, nxm: 2 })]),
  row(
    13,
    'nx_flow_mod',
    ['cookie', u64, 0n],
    ['table_id', u8, 0],
    ['command', flowModCommand, 'add'],
    ['idle_timeout', u16, 0],
    ['hard_timeout', u16, 0],
    ['priority', u16, DEFAULT_PRIORITY],
    ['buffer_id', u32, NO_BUFFER],
    ['out_port', port16, ports.any],
    ['flags', u16, 0],
    slot,
    pad(6),
    [...nxMatch, noList],
    ['actions', actionList, noList],
  ),
  row(
    14,
    'nx_flow_removed',
    ['cookie', u64, 0n],
    ['priority', u16],
    ['reason', flowRemovedReason],
    ['table_id', tablePlusOne, ALL_TABLES],
    ['duration_sec', u32, 0],
    ['duration_nsec', u32, 0],
    ['idle_timeout', u16, 0],
    slot,
    ['packet_count', u64, 0n],
    ['byte_count', u64, 0n],
    nxMatch,
  ),
  row(15, 'nx_flow_mod_table_id', ['set', u8], pad(7)),
  row(16, 'nx_set_packet_in_format', ['format', named(u32, { standard: 0, nxt_packet_in: 1, nxt_packet_in2: 2 })]),
  row(
    17,
    'nx_packet_in',
    ['buffer_id', u32, NO_BUFFER],
    ['total_len', u16],
    ['reason', packetInReason],
    ['table_id', u8, 0],
    ['cookie', u64, 0n],
    slot,
    pad(6),
    nxMatch,
    pad(2),
    ['data', rest, noBytes],
  ),
  row(18, 'nx_flow_age'),
  row(19, 'nx_set_async_config', ...async13),
  row(20, 'nx_set_controller_id', pad(6), ['controller_id', u16]),
  row(21, 'nx_flow_monitor_cancel', ['id', u32]),
  row(22, 'nx_flow_monitor_paused'),
  row(23, 'nx_flow_monitor_resumed'),
  row(24, 'nx_tlv_table_mod', ['command', named(u16, { add: 0, delete: 1, clear: 2 })], pad(6), tlvMaps),
  row(25, 'nx_tlv_table_request'),
  row(26, 'nx_tlv_table_reply', ['max_option_space', u32], ['max_fields', u16], pad(10), tlvMaps),
  row(27, 'nx_set_async_config2', ...asyncProperties),
  row(28, 'nx_resume', ['properties', packetProperties]),
  row(29, 'nx_ct_flush_zone', pad(6), ['zone_id', u16]),
  row(30, 'nx_packet_in2', ['properties', packetProperties]),
  row(31, 'nx_group_mod', ...groupMod15),
  row(32, 'nx_ct_flush', ...ctFlush),
  row(132, 'nx_requestforward', ['request', embedded]),
] as const;

/** ONF's extensions to 1.3: flow monitors (EXT-187), role status (EXT-191), bundles (EXT-230), forwarded requests (EXT-235). */
export const onfMessages = [
  row(1870, 'onf_flow_monitor_cancel', ['id', u32]),
  row(1871, 'onf_flow_monitor_paused'),
  row(1872, 'onf_flow_monitor_resumed'),
  row(1911, 'onf_role_status', ...roleStatus),
  row(2300, 'onf_bundle_control', ...bundleControl),
  row(2301, 'onf_bundle_add_message', ...bundleAdd),
  row(2350, 'onf_requestforward', ['request', embedded]),
] as const;
