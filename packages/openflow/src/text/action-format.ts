import { formatIp, toHex } from '@linecard/wire';
import type { Action, CtAction } from '../actions/index.js';
import type { LearnSpec } from '../actions/learn.js';
import type { NatRange } from '../actions/nat.js';
import type { ControllerProperty } from '../actions/nicira.js';
import type { Instruction } from '../instructions.js';
import { DEFAULT_PRIORITY, ports } from '../messages/shared.js';
import { encodingOf, type KnownField } from '../oxm.js';
import { bitsOf, ovsName, rowOfField } from './names.js';
import { formatBits } from './subfields.js';
import { formatPort, formatValue, toBigInt, toBytes } from './values.js';

type ActionOf<T extends Action['type']> = Extract<Action, { readonly type: T }>;
type Printers = { readonly [T in Action['type']]: (action: ActionOf<T>, version: number) => string };

const hex = (value: number | bigint, digits = 1): string => `0x${value.toString(16).padStart(digits, '0')}`;
const dotted = (bytes: Uint8Array): string => toHex(bytes, '.');
const mac = (value: number): string => toHex(toBytes(BigInt(value), 6), ':');
const ip = (value: number): string => formatIp(toBytes(BigInt(value), 4));
const wholePacket = 0xffff;

function output(port: number, maxLength: number): string {
  if (port === ports.controller) return `CONTROLLER:${maxLength}`;
  const name = formatPort(port);
  return /^\d/.test(name) ? `output:${name}` : name;
}

function setField(field: ActionOf<'set_field'>['field']): string {
  if (field.field === 'unknown') return `set_field:${hex(field.header, 8)}(${toHex(field.value)})`;
  const mask = field.mask === undefined ? undefined : toBigInt(field.mask);
  return `set_field:${formatValue(rowOfField(field.field), { value: toBigInt(field.value), mask })}->${ovsName(field.field)}`;
}

function move(a: ActionOf<'nx_reg_move' | 'copy_field' | 'onf_copy_field'>, version: number): string {
  const source = formatBits(a.src, a.src_ofs ?? 0, a.n_bits, version);
  return `move:${source}->${formatBits(a.dst, a.dst_ofs ?? 0, a.n_bits, version)}`;
}

function resubmit(a: ActionOf<'nx_resubmit_table' | 'nx_resubmit_table_ct'>, tracked: boolean): string {
  const port = a.in_port === undefined || a.in_port === ports.in_port ? '' : formatPort(a.in_port);
  const table = a.table_id === undefined || a.table_id === 255 ? '' : String(a.table_id);
  return `resubmit(${port},${table}${tracked ? ',ct' : ''})`;
}

const reasons = ['no_match', 'action', 'invalid_ttl', 'action_set', 'group', 'packet_out'];

interface ControllerText {
  readonly reason?: number;
  readonly maxLength?: number;
  readonly id?: number;
  readonly extra?: readonly string[];
}

function controller({ reason = 1, maxLength = wholePacket, id = 0, extra = [] }: ControllerText): string {
  if (reason === 1 && id === 0 && extra.length === 0) return `CONTROLLER:${maxLength}`;
  const parts = [
    ...(reason === 1 ? [] : [`reason=${reasons[reason] ?? reason}`]),
    ...(maxLength === wholePacket ? [] : [`max_len=${maxLength}`]),
    ...(id === 0 ? [] : [`id=${id}`]),
    ...extra,
  ];
  return `controller(${parts.join(',')})`;
}

function extraOf(property: ControllerProperty): string[] {
  switch (property.type) {
    case 'userdata':
      return [`userdata=${dotted(property.userdata)}`];
    case 'pause':
      return ['pause'];
    case 'meter_id':
      return [`meter_id=${property.meter_id}`];
    case 'unknown':
      return [`unknown(${property.code})`];
    default:
      return [];
  }
}

function controller2(properties: readonly ControllerProperty[]): string {
  const get = <T extends ControllerProperty['type']>(type: T) =>
    properties.find((one): one is Extract<ControllerProperty, { readonly type: T }> => one.type === type);
  return controller({
    reason: get('reason')?.reason ?? 1,
    maxLength: get('max_len')?.max_len ?? wholePacket,
    id: get('controller_id')?.controller_id ?? 0,
    extra: properties.flatMap(extraOf),
  });
}

function natAddress(range: NatRange): string {
  if (range.ipv4_min !== undefined) {
    return ip(range.ipv4_min) + (range.ipv4_max === undefined ? '' : `-${ip(range.ipv4_max)}`);
  }
  if (range.ipv6_min === undefined) return '';
  const text = formatIp(range.ipv6_min) + (range.ipv6_max === undefined ? '' : `-${formatIp(range.ipv6_max)}`);
  return range.proto_min === undefined ? text : `[${text}]`;
}

function nat({ flags = 0, range = {} }: ActionOf<'nx_nat'>): string {
  if (flags === 0) return 'nat';
  const ports = range.proto_min === undefined ? '' : `:${range.proto_min}`;
  const last = range.proto_max === undefined ? '' : `-${range.proto_max}`;
  const place = natAddress(range) + ports + last;
  const direction = (flags & 1) !== 0 ? 'src' : (flags & 2) !== 0 ? 'dst' : '';
  const parts = [
    ...(direction === '' ? [] : [place === '' ? direction : `${direction}=${place}`]),
    ...['persistent', 'hash', 'random'].filter((_, i) => (flags & (4 << i)) !== 0),
  ];
  return `nat(${parts.join(',')})`;
}

const helpers: Readonly<Record<number, string>> = { 21: 'ftp', 69: 'tftp' };

function ctZone({ zone = 0, zone_src }: CtAction, version: number): string[] {
  if (zone_src !== undefined && (zone_src.field !== 'unknown' || (zone_src.header ?? 0) !== 0)) {
    return [`zone=${formatBits(zone_src, zone >>> 6, (zone & 0x3f) + 1, version)}`];
  }
  return zone === 0 ? [] : [`zone=${zone}`];
}

function ct(a: CtAction, version: number): string {
  const { flags = 0, recirc_table = 255, alg = 0, actions = [] } = a;
  const inner = actions.filter((one) => one.type !== 'nx_nat');
  const parts = [
    ...((flags & 1) === 0 ? [] : ['commit']),
    ...((flags & 2) === 0 ? [] : ['force']),
    ...(recirc_table === 255 ? [] : [`table=${recirc_table}`]),
    ...ctZone(a, version),
    ...actions.filter((one) => one.type === 'nx_nat').map((one) => nat(one)),
    ...(inner.length === 0 ? [] : [`exec(${formatActions(inner, { version })})`]),
    ...(alg === 0 ? [] : [`alg=${helpers[alg] ?? alg}`]),
  ];
  return `ct(${parts.join(',')})`;
}

function learnSource(spec: LearnSpec, version: number): string {
  if (spec.source instanceof Uint8Array) return hex(toBigInt(spec.source));
  return formatBits(spec.source.field, spec.source.start, spec.bits, version);
}

function learnMatch(spec: LearnSpec, version: number): string {
  const target = spec.target!;
  const place = formatBits(target.field, target.start, spec.bits, version);
  if (!(spec.source instanceof Uint8Array)) {
    const source = learnSource(spec, version);
    return source === place ? place : `${place}=${source}`;
  }
  const { field } = target;
  const whole = field.field !== 'unknown' && spec.bits === bitsOf(encodingOf(field.field, version, field.as));
  if (!whole || target.start !== 0) return `${place}=${learnSource(spec, version)}`;
  const name = field.field as KnownField['field'];
  return `${ovsName(name)}=${formatValue(rowOfField(name), { value: toBigInt(spec.source), mask: undefined })}`;
}

function learnSpec(spec: LearnSpec, version: number): string {
  if (spec.action === 'output') return `output:${learnSource(spec, version)}`;
  if (spec.action === 'match' || spec.target === undefined) return learnMatch(spec, version);
  const place = formatBits(spec.target.field, spec.target.start, spec.bits, version);
  return `load:${learnSource(spec, version)}->${place}`;
}

function learn(a: ActionOf<'nx_learn' | 'nx_learn2'>, version: number): string {
  const flags = a.flags ?? 0;
  const limit = a.type === 'nx_learn2' ? a.limit : { limit: 0 };
  const option = (name: string, value: number | undefined, missing = 0): string[] =>
    (value ?? missing) === missing ? [] : [`${name}=${value}`];
  const parts = [
    `table=${a.table_id ?? 1}`,
    ...option('idle_timeout', a.idle_timeout),
    ...option('hard_timeout', a.hard_timeout),
    ...option('fin_idle_timeout', a.fin_idle_timeout),
    ...option('fin_hard_timeout', a.fin_hard_timeout),
    ...option('priority', a.priority, DEFAULT_PRIORITY),
    ...((flags & 1) === 0 ? [] : ['send_flow_rem']),
    ...((flags & 2) === 0 ? [] : ['delete_learned']),
    ...((a.cookie ?? 0n) === 0n ? [] : [`cookie=${hex(a.cookie!)}`]),
    ...option('limit', limit.limit),
    ...(limit.result === undefined
      ? []
      : [`result_dst=${formatBits(limit.result.field, limit.result.start, 1, version)}`]),
    ...a.specs.map((spec) => learnSpec(spec, version)),
  ];
  return `learn(${parts.join(',')})`;
}

function sample(a: ActionOf<'nx_sample' | 'nx_sample2' | 'nx_sample3'>): string {
  const port =
    a.type === 'nx_sample' || a.sampling_port === ports.any ? '' : `,sampling_port=${formatPort(a.sampling_port)}`;
  const direction = a.type !== 'nx_sample3' || a.direction === 'default' ? '' : `,${a.direction}`;
  const ids = `collector_set_id=${a.collector_set_id ?? 0},obs_domain_id=${a.obs_domain_id ?? 0},obs_point_id=${a.obs_point_id ?? 0}`;
  return `sample(probability=${a.probability},${ids}${port}${direction})`;
}

const packetTypes: Readonly<Record<number, string>> = {
  0: 'ethernet',
  100687: 'nsh',
  100423: 'mpls',
  100424: 'mpls_mc',
};

function packetType(type: number): string {
  return `packet_type(ns=${type >>> 16},type=${hex(type & 0xffff)})`;
}

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
  nx_resubmit: (a) => `resubmit:${formatPort(a.in_port)}`,
  nx_resubmit_table: (a) => resubmit(a, false),
  nx_resubmit_table_ct: (a) => resubmit(a, true),
  nx_set_tunnel: (a) => `set_tunnel:${hex(a.tun_id)}`,
  nx_set_tunnel64: (a) => `set_tunnel64:${hex(a.tun_id)}`,
  nx_set_queue: (a) => `set_queue:${a.queue_id}`,
  nx_pop_queue: () => 'pop_queue',
  nx_reg_move: move,
  nx_reg_load: (a, version) => `load:${hex(a.value)}->${formatBits(a.dst, a.range.start, a.range.count, version)}`,
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
  nx_write_metadata: (a) => `write_metadata:${hex(a.metadata)}/${hex(a.metadata_mask)}`,
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
  nx_ct: ct,
  nx_ct_clear: () => 'ct_clear',
  nx_clone: (a, version) => `clone(${formatActions(a.actions, { version })})`,
  nx_output_trunc: (a) => `output(port=${formatPort(a.port)},max_len=${a.max_len})`,
  nx_group: (a) => `group:${a.group_id}`,
  nx_encap: (a) => `encap(${packetTypes[a.new_pkt_type] ?? packetType(a.new_pkt_type)})`,
  nx_decap: (a) => `decap(${a.new_pkt_type === 0xfffe ? '' : packetType(a.new_pkt_type)})`,
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
      const mask = metadata_mask === 0xffff_ffff_ffff_ffffn ? '' : `/${hex(metadata_mask)}`;
      return `write_metadata:${hex(metadata)}${mask}`;
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
