import { toHex } from '@linecard/wire';
import type { Action } from '../actions/index.js';
import type { Instruction } from '../instructions.js';
import {
  type ActionOf,
  controller,
  controller2,
  ct,
  dotted,
  hex,
  ip,
  learn,
  mac,
  move,
  nat,
  output,
  resubmit,
  sample,
  setField,
  shortHex,
  wholePacket,
} from './action-parts.js';
import { formatDecap, formatEncap } from './encap.js';
import { ovsName } from './names.js';
import { formatBits } from './subfields.js';
import { formatPort } from './values.js';

type Printers = { readonly [T in Action['type']]: (action: ActionOf<T>, version: number) => string };

const printers: Printers = {
  output: (a) => output(a.port, a.max_len ?? wholePacket),
  set_vlan_vid: (a, version) => `${version === 1 ? 'mod' : 'set'}_vlan_vid:${a.vlan_vid}`,
  set_vlan_pcp: (a, version) => `${version === 1 ? 'mod' : 'set'}_vlan_pcp:${a.vlan_pcp}`,
  strip_vlan: () => 'strip_vlan',
  set_dl_src: (a) => `mod_dl_src:${mac(a.addr)}`,
  set_dl_dst: (a) => `mod_dl_dst:${mac(a.addr)}`,
  set_nw_src: (a) => `mod_nw_src:${ip(a.addr)}`,
  set_nw_dst: (a) => `mod_nw_dst:${ip(a.addr)}`,
  set_nw_tos: (a) => `mod_nw_tos:${a.tos}`,
  set_nw_ecn: (a) => `mod_nw_ecn:${a.ecn}`,
  set_tp_src: (a) => `mod_tp_src:${a.port}`,
  set_tp_dst: (a) => `mod_tp_dst:${a.port}`,
  enqueue: (a) => `enqueue:${formatPort(a.port)}:${a.queue_id}`,
  copy_ttl_out: () => 'copy_ttl_out',
  copy_ttl_in: () => 'copy_ttl_in',
  set_mpls_label: (a) => `set_mpls_label(${a.label})`,
  set_mpls_tc: (a) => `set_mpls_tc(${a.tc})`,
  set_mpls_ttl: (a) => `set_mpls_ttl(${a.ttl})`,
  dec_mpls_ttl: () => 'dec_mpls_ttl',
  push_vlan: (a) => `push_vlan:${hex(a.ethertype, 4)}`,
  pop_vlan: () => 'pop_vlan',
  push_mpls: (a) => `push_mpls:${hex(a.ethertype, 4)}`,
  pop_mpls: (a) => `pop_mpls:${hex(a.ethertype, 4)}`,
  set_queue: (a) => `set_queue:${a.queue_id}`,
  group: (a) => `group:${a.group_id}`,
  set_nw_ttl: (a) => `mod_nw_ttl:${a.ttl}`,
  dec_nw_ttl: () => 'dec_ttl',
  set_field: (a) => setField(a.field),
  push_pbb: (a) => `push_pbb:${hex(a.ethertype, 4)}`,
  pop_pbb: () => 'pop_pbb',
  copy_field: move,
  onf_copy_field: move,
  meter: (a) => `meter:${a.meter_id}`,
  nx_resubmit: resubmit,
  nx_resubmit_table: resubmit,
  nx_resubmit_table_ct: resubmit,
  nx_set_tunnel: (a) => `set_tunnel:${shortHex(a.tun_id)}`,
  nx_set_tunnel64: (a) => `set_tunnel64:${shortHex(a.tun_id)}`,
  nx_set_queue: (a) => `set_queue:${a.queue_id}`,
  nx_pop_queue: () => 'pop_queue',
  nx_reg_move: move,
  nx_reg_load: (a, version) => `load:${shortHex(a.value)}->${formatBits(a.dst, a.range.start, a.range.count, version)}`,
  nx_reg_load2: (a) => setField(a.field),
  nx_note: (a) => `note:${dotted(a.note)}`,
  nx_multipath: (a, version) =>
    `multipath(${a.fields},${a.basis},${a.algorithm},${a.max_link + 1},${a.arg},${formatBits(a.dst, a.range.start, a.range.count, version)})`,
  nx_bundle: (a) =>
    `bundle(${a.fields},${a.basis},${a.algorithm},ofport,members:${a.slaves.map(formatPort).join(',')})`,
  nx_bundle_load: (a, version) => {
    const { slaves, dst, range } = a.choice;
    const place = formatBits(dst, range.start, range.count, version);
    return `bundle_load(${a.fields},${a.basis},${a.algorithm},ofport,${place},members:${slaves.map(formatPort).join(',')})`;
  },
  nx_output_reg: (a, version) => `output:${formatBits(a.src, a.range.start, a.range.count, version)}`,
  nx_output_reg2: (a, version) => `output:${formatBits(a.src, a.range.start, a.range.count, version)}`,
  nx_learn: learn,
  nx_learn2: learn,
  nx_exit: () => 'exit',
  nx_dec_ttl: () => 'dec_ttl',
  nx_fin_timeout: (a) => {
    const parts = [
      ...(a.fin_idle_timeout ? [`idle_timeout=${a.fin_idle_timeout}`] : []),
      ...(a.fin_hard_timeout ? [`hard_timeout=${a.fin_hard_timeout}`] : []),
    ];
    return `fin_timeout(${parts.join(',')})`;
  },
  nx_controller: (a) =>
    controller({ reason: a.reason ?? 1, maxLength: a.max_len ?? wholePacket, id: a.controller_id ?? 0 }),
  nx_controller2: (a) => controller2(a.properties),
  nx_dec_ttl_cnt_ids: (a) => `dec_ttl(${a.controllers.join(',')})`,
  nx_write_metadata: (a) => `write_metadata:${shortHex(a.metadata)}/${shortHex(a.metadata_mask)}`,
  nx_push_mpls: (a) => `push_mpls:${hex(a.ethertype, 4)}`,
  nx_pop_mpls: (a) => `pop_mpls:${hex(a.ethertype, 4)}`,
  nx_set_mpls_ttl: (a) => `set_mpls_ttl(${a.ttl})`,
  nx_dec_mpls_ttl: () => 'dec_mpls_ttl',
  nx_set_mpls_label: (a) => `set_mpls_label(${a.label})`,
  nx_set_mpls_tc: (a) => `set_mpls_tc(${a.tc})`,
  nx_stack_push: (a, version) => `push:${formatBits(a.field, a.start ?? 0, a.n_bits, version)}`,
  nx_stack_pop: (a, version) => `pop:${formatBits(a.field, a.start ?? 0, a.n_bits, version)}`,
  nx_sample: sample,
  nx_sample2: sample,
  nx_sample3: sample,
  nx_conjunction: (a) => `conjunction(${a.id},${a.clause + 1}/${a.n_clauses})`,
  nx_nat: nat,
  nx_ct: (a, version) => ct(a, version, (actions) => formatActions(actions, { version })),
  nx_ct_clear: () => 'ct_clear',
  nx_clone: (a, version) => `clone(${formatActions(a.actions, { version })})`,
  nx_output_trunc: (a) => `output(port=${formatPort(a.port)},max_len=${a.max_len})`,
  nx_group: (a) => `group:${a.group_id}`,
  nx_encap: formatEncap,
  nx_decap: (a) => formatDecap(a.new_pkt_type),
  nx_dec_nsh_ttl: () => 'dec_nsh_ttl',
  nx_check_pkt_larger: (a, version) => `check_pkt_larger(${a.pkt_len})->${formatBits(a.dst, a.dst_ofs, 1, version)}`,
  nx_delete_field: (a) =>
    `delete_field:${a.field.field === 'unknown' ? hex(a.field.header ?? 0) : ovsName(a.field.field)}`,
  experimenter: (a) => `experimenter(${hex(a.experimenter, 8)},${toHex(a.data)})`,
  unknown: (a) => `unknown(${a.code},${toHex(a.data)})`,
};

/** One action as ovs-ofctl writes it. */
export function formatAction(action: Action, options: { readonly version?: number } = {}): string {
  const print = printers[action.type] as (action: Action, version: number) => string;
  return print(action, options.version ?? 4);
}

/** Actions as ovs-ofctl writes them, `drop` when there are none. */
export function formatActions(actions: readonly Action[], options: { readonly version?: number } = {}): string {
  return actions.length === 0 ? 'drop' : actions.map((action) => formatAction(action, options)).join(',');
}

function formatInstruction(instruction: Instruction, version: number): string {
  switch (instruction.type) {
    case 'apply_actions':
      return formatActions(instruction.actions, { version });
    case 'write_actions':
      return `write_actions(${formatActions(instruction.actions, { version })})`;
    case 'clear_actions':
      return 'clear_actions';
    case 'goto_table':
      return `goto_table:${instruction.table_id}`;
    case 'meter':
      return `meter:${instruction.meter_id}`;
    case 'write_metadata': {
      const { metadata, metadata_mask = 0xffff_ffff_ffff_ffffn } = instruction;
      const mask = metadata_mask === 0xffff_ffff_ffff_ffffn ? '' : `/${shortHex(metadata_mask)}`;
      return `write_metadata:${shortHex(metadata)}${mask}`;
    }
    case 'stat_trigger':
      return `stat_trigger(flags=${hex(instruction.flags)})`;
    case 'experimenter':
      return `experimenter(${hex(instruction.experimenter, 8)},${toHex(instruction.data)})`;
    default:
      return `unknown(${instruction.code},${toHex(instruction.data)})`;
  }
}

/** The order in which instructions take effect (section 5.6 of 1.3.5), which is the order in which they are printed. */
const instructionOrder = [
  'meter',
  'apply_actions',
  'clear_actions',
  'write_actions',
  'write_metadata',
  'stat_trigger',
  'experimenter',
  'unknown',
  'goto_table',
];

/** Instructions as ovs-ofctl writes them, `drop` when there are none. */
export function formatInstructions(
  instructions: readonly Instruction[],
  options: { readonly version?: number } = {},
): string {
  const effective = instructions.filter((one) => one.type !== 'apply_actions' || one.actions.length > 0);
  const ordered = [...effective].sort((a, b) => instructionOrder.indexOf(a.type) - instructionOrder.indexOf(b.type));
  return ordered.length === 0 ? 'drop' : ordered.map((one) => formatInstruction(one, options.version ?? 4)).join(',');
}
