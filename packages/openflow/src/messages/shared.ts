import { named, rest, u8, u16 } from '../core/kinds.js';
import { helloElements } from './hello.js';

/** OFP_NO_BUFFER: the packet is in the message, not in a buffer of the switch. */
export const NO_BUFFER = 0xffff_ffff;

/** Reserved ports, in their 32-bit form in every version (OpenFlow 1.3.5 section 7.2.1). */
export const ports = {
  max: 0xffff_ff00,
  unset: 0xffff_fff7,
  in_port: 0xffff_fff8,
  table: 0xffff_fff9,
  normal: 0xffff_fffa,
  flood: 0xffff_fffb,
  all: 0xffff_fffc,
  controller: 0xffff_fffd,
  local: 0xffff_fffe,
  any: 0xffff_ffff,
} as const;

/** Reserved groups (section 7.3.4.3). */
export const groups = { max: 0xffff_ff00, all: 0xffff_fffc, any: 0xffff_ffff } as const;

/** Reserved meters (section 7.3.4.5). */
export const meters = { max: 0xffff_0000, slowpath: 0xffff_fffd, controller: 0xffff_fffe, all: 0xffff_ffff } as const;

/** OFPTT_ALL: any table, in requests and deletions. */
export const ALL_TABLES = 0xff;

/** OFPQ_ALL: all queues of a port. */
export const ALL_QUEUES = 0xffff_ffff;

/** The priority of flows that ask for none. */
export const DEFAULT_PRIORITY = 0x8000;

export const noList: readonly never[] = [];

/** Why a packet came to the controller. From 1.4 on, `no_match` is called table-miss and `action` apply-action. */
export const packetInReason = named(u8, {
  no_match: 0,
  action: 1,
  invalid_ttl: 2,
  action_set: 3,
  group: 4,
  packet_out: 5,
});

export const flowRemovedReason = named(u8, {
  idle_timeout: 0,
  hard_timeout: 1,
  delete: 2,
  group_delete: 3,
  meter_delete: 4,
  eviction: 5,
});

export const portReason = named(u8, { add: 0, delete: 1, modify: 2 });

export const flowModCommand = named(u8, { add: 0, modify: 1, modify_strict: 2, delete: 3, delete_strict: 4 });

/** Bits of `flags` of a flow-mod: `send_flow_rem` and the like. In OpenFlow 1.0 bit 2 is `emerg`. */
export const flowFlags = {
  send_flow_rem: 1,
  check_overlap: 2,
  reset_counts: 4,
  no_packet_counts: 8,
  no_byte_counts: 16,
} as const;

/** Messages that are the same in all versions (section 7.5 of 1.3.5). */
export const helloFields = [['elements', helloElements, noList]] as const;
export const errorFields = [
  ['error_type', u16],
  ['error_code', u16],
  ['data', rest, new Uint8Array(0)],
] as const;
export const echoFields = [['data', rest, new Uint8Array(0)]] as const;
export const configFields = [
  ['flags', u16, 0],
  ['miss_send_len', u16, 128],
] as const;
