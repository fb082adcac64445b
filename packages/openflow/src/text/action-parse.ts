import { fromHex, parseIp, parseMac } from '@linecard/wire';
import type { Action } from '../actions/index.js';
import type { ControllerProperty } from '../actions/nicira.js';
import type { FieldName } from '../fields.js';
import { ports } from '../messages/shared.js';
import type { KnownField } from '../oxm.js';
import { parseCt } from './ct-parse.js';
import { parseLearn } from './learn-parse.js';
import { badText, rowOf, rowOfField } from './names.js';
import { type Item, splitItems } from './split.js';
import { parseBits } from './subfields.js';
import { allBits, parseInteger, parseNumber, parsePort, parseValue, toBigInt, toFieldValue } from './values.js';

/** What the meaning of actions depends on. */
export interface ActionContext {
  /** The version that the actions are for. */
  readonly version: number;
  /** The IP protocol that the flow matches: it says which port mod_tp_src sets. */
  readonly protocol?: number;
  /** Whether the packet has a VLAN tag where the action stands; changes from action to action. */
  readonly tag?: { present: boolean };
}

type Parser = (value: string, context: ActionContext) => Action | readonly Action[];

const wholePacket = 0xffff;

function setField(field: FieldName, value: bigint, mask?: bigint): Action {
  const row = rowOfField(field);
  const known: KnownField = { field, value: toFieldValue(row, value) };
  return { type: 'set_field', field: mask === undefined ? known : { ...known, mask: toFieldValue(row, mask) } };
}

/** An action of OpenFlow 1.0 that later versions say as set-field. */
function legacy(name: FieldName, parse: (text: string) => bigint, old: (value: number) => Action): Parser {
  return (text, { version }) => {
    const value = parse(text);
    return version === 1 ? old(Number(value)) : setField(name, value);
  };
}

const macNumber = (text: string): bigint => toBigInt(parseMac(text));
const ipNumber = (text: string): bigint => {
  const bytes = parseIp(text);
  if (bytes.length !== 4) throw badText(`"${text}" is not an IPv4 address`);
  return toBigInt(bytes);
};

function transportPort(end: 'src' | 'dst'): Parser {
  return (text, { version, protocol }) => {
    const port = parseInteger(text, 0x1_0000);
    if (version === 1) return { type: `set_tp_${end}`, port };
    const layer = protocol === 17 ? 'udp' : protocol === 132 ? 'sctp' : 'tcp';
    return setField(`${layer}_${end}`, BigInt(port));
  };
}

/** Fields that OpenFlow 1.0 has an action for. */
const oldSetters: Readonly<Partial<Record<FieldName, (value: number) => Action>>> = {
  eth_src: (addr) => ({ type: 'set_dl_src', addr }),
  eth_dst: (addr) => ({ type: 'set_dl_dst', addr }),
  ipv4_src: (addr) => ({ type: 'set_nw_src', addr }),
  ipv4_dst: (addr) => ({ type: 'set_nw_dst', addr }),
  tcp_src: (port) => ({ type: 'set_tp_src', port }),
  tcp_dst: (port) => ({ type: 'set_tp_dst', port }),
  udp_src: (port) => ({ type: 'set_tp_src', port }),
  udp_dst: (port) => ({ type: 'set_tp_dst', port }),
};

function parseSetField(text: string, { version }: ActionContext): Action {
  const arrow = text.lastIndexOf('->');
  if (arrow < 0) throw badText(`"set_field:${text}" has no "->"`, 'write it as set_field:00:11:22:33:44:55->eth_src');
  const row = rowOf(text.slice(arrow + 2).trim());
  if (row === undefined) throw badText(`there is no field "${text.slice(arrow + 2)}"`, 'ovs-fields(7) lists all');
  const { value, mask } = parseValue(row, text.slice(0, arrow));
  if (version !== 1) return setField(row.name, value, mask);
  const old = mask === undefined ? oldSetters[row.name] : undefined;
  if (old !== undefined) return old(Number(value));
  return load(`${value}->${row.encodings[0]!.split(':')[0]}[]`, { version });
}

function load(text: string, { version }: ActionContext): Action {
  const [value = '', place = ''] = text.split('->');
  const { field, start, count } = parseBits(place, version);
  const number = parseNumber(value);
  if (number >> BigInt(count) !== 0n) throw badText(`"${text}": ${value} does not fit in ${count} bits`);
  if (version === 6 && field.field !== 'unknown') {
    const mask = ((1n << BigInt(count)) - 1n) << BigInt(start);
    const whole = mask === allBits(rowOfField(field.field));
    return setField(field.field, number << BigInt(start), whole ? undefined : mask);
  }
  if (count > 64) throw badText(`"${text}": load sets at most 64 bits`);
  return { type: 'nx_reg_load', range: { start, count }, dst: field, value: number };
}

function move(text: string, { version }: ActionContext): Action {
  const [from = '', to = ''] = text.split('->');
  const source = parseBits(from, version);
  const target = parseBits(to, version);
  if (source.count !== target.count) throw badText(`"${text}": ${source.count} bits do not go in ${target.count}`);
  return {
    type: version === 6 ? 'copy_field' : 'nx_reg_move',
    n_bits: source.count,
    src_ofs: source.start,
    dst_ofs: target.start,
    src: source.field,
    dst: target.field,
  };
}

function output(text: string, { version }: ActionContext): Action {
  if (/^(\d+|0x[0-9a-f]+)$/i.test(text) || text.toLowerCase() in ports) {
    return { type: 'output', port: parsePort(text), max_len: 0 };
  }
  if (text.includes('max_len=')) {
    const options = new Map(splitItems(text).map((item) => [item.key, item.value ?? '']));
    return {
      type: 'nx_output_trunc',
      port: parsePort(options.get('port') ?? ''),
      max_len: parseInteger(options.get('max_len') ?? ''),
    };
  }
  const { field, start, count } = parseBits(text, version);
  return { type: 'nx_output_reg', range: { start, count }, src: field, max_len: wholePacket };
}

const reasons = ['no_match', 'action', 'invalid_ttl', 'action_set', 'group', 'packet_out'];

function controllerProperties(options: readonly Item[]): ControllerProperty[] {
  return options.map(({ key, value = '' }): ControllerProperty => {
    switch (key) {
      case 'max_len':
        return { type: 'max_len', max_len: parseInteger(value, 0x1_0000) };
      case 'id':
        return { type: 'controller_id', controller_id: parseInteger(value, 0x1_0000) };
      case 'reason': {
        const reason = reasons.indexOf(value);
        if (reason < 0) throw badText(`"${value}" is not one of ${reasons.join(', ')}`);
        return { type: 'reason', reason };
      }
      case 'userdata':
        return { type: 'userdata', userdata: fromHex(value.replaceAll('.', '')) };
      case 'pause':
        return { type: 'pause' };
      case 'meter_id':
        return { type: 'meter_id', meter_id: parseInteger(value) };
      default:
        throw badText(`controller has no option "${key}"`);
    }
  });
}

function controller(text: string): Action {
  if (text === '') return { type: 'output', port: ports.controller, max_len: wholePacket };
  if (/^\d+$/.test(text)) return { type: 'output', port: ports.controller, max_len: parseInteger(text, 0x1_0000) };
  const properties = controllerProperties(splitItems(text));
  const simple = properties.every(({ type }) => type === 'max_len' || type === 'controller_id' || type === 'reason');
  if (!simple) return { type: 'nx_controller2', properties };
  return Object.assign({ type: 'nx_controller' as const }, ...properties.map(({ type: _, ...value }) => value));
}

function resubmit(text: string): Action {
  if (!text.includes(',')) return { type: 'nx_resubmit', in_port: parsePort(text) };
  const [port = '', table = '', tracked] = text.split(',').map((part) => part.trim());
  return {
    type: tracked === 'ct' ? 'nx_resubmit_table_ct' : 'nx_resubmit_table',
    in_port: port === '' ? ports.in_port : parsePort(port),
    table_id: table === '' ? 255 : parseInteger(table, 256),
  };
}

function note(text: string): Action {
  const bytes = fromHex(text.replaceAll('.', ''));
  const length = 6 + 8 * Math.ceil(Math.max(0, bytes.length - 6) / 8);
  const padded = new Uint8Array(length);
  padded.set(bytes);
  return { type: 'nx_note', note: padded };
}

function conjunction(text: string): Action {
  const match = /^\s*(\w+)\s*,\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(text);
  if (match === null) throw badText(`"conjunction(${text})"`, 'write it as conjunction(1,1/2)');
  return {
    type: 'nx_conjunction',
    id: parseInteger(match[1]!),
    clause: parseInteger(match[2]!, 257) - 1,
    n_clauses: parseInteger(match[3]!, 256),
  };
}

function checkLarger(text: string, { version }: ActionContext): Action {
  const match = /^(\d+)\)->(.+)$/.exec(text);
  if (match === null) throw badText(`"check_pkt_larger(${text}"`, 'write it as check_pkt_larger(1500)->NXM_NX_REG0[0]');
  const { field, start } = parseBits(match[2]!, version);
  return { type: 'nx_check_pkt_larger', pkt_len: parseInteger(match[1]!, 0x1_0000), dst_ofs: start, dst: field };
}

function finTimeout(text: string): Action {
  const options = new Map(splitItems(text).map((item) => [item.key, parseInteger(item.value ?? '', 0x1_0000)]));
  return {
    type: 'nx_fin_timeout',
    fin_idle_timeout: options.get('idle_timeout') ?? 0,
    fin_hard_timeout: options.get('hard_timeout') ?? 0,
  };
}

function multipath(text: string, { version }: ActionContext): Action {
  const [fields, basis, algorithm, links, arg, place] = text.split(',').map((part) => part.trim());
  if (place === undefined) throw badText(`"multipath(${text})" needs six arguments`);
  const { field, start, count } = parseBits(place, version);
  return {
    type: 'nx_multipath',
    fields: fields as 'eth_src',
    basis: parseInteger(basis!, 0x1_0000),
    algorithm: algorithm as 'hrw',
    max_link: parseInteger(links!, 0x1_0001) - 1,
    arg: parseInteger(arg!),
    range: { start, count },
    dst: field,
  };
}

const portMembers = { field: 'in_port', as: 'NXM_OF_IN_PORT' } as const;

function bundle(text: string, context: ActionContext, loads: boolean): Action {
  const match = /^(.*?),\s*(?:members|slaves):(.*)$/.exec(text);
  const [fields, basis, algorithm, , place] = (match?.[1] ?? '').split(',').map((part) => part.trim());
  if (match === null || algorithm === undefined) throw badText(`"bundle(${text})" needs members`);
  const slaves = match[2]!
    .split(',')
    .filter((one) => one !== '')
    .map(parsePort);
  const head = {
    fields: fields as 'eth_src',
    basis: parseInteger(basis!, 0x1_0000),
    algorithm: algorithm as 'hrw',
    slave_type: portMembers,
  };
  if (!loads) return { type: 'nx_bundle', ...head, slaves };
  const { field, start, count } = parseBits(place ?? '', context.version);
  return { type: 'nx_bundle_load', ...head, choice: { slaves, range: { start, count }, dst: field } };
}

function sample(text: string): Action {
  const items = splitItems(text);
  const number = (key: string): number => parseInteger(items.find((item) => item.key === key)?.value ?? '0');
  const port = items.find((item) => item.key === 'sampling_port')?.value;
  const direction = items.find((item) => item.key === 'ingress' || item.key === 'egress')?.key;
  const head = {
    probability: number('probability'),
    collector_set_id: number('collector_set_id'),
    obs_domain_id: number('obs_domain_id'),
    obs_point_id: number('obs_point_id'),
  };
  if (direction !== undefined) {
    const sampling_port = port === undefined ? ports.any : parsePort(port);
    return { type: 'nx_sample3', ...head, sampling_port, direction: direction as 'egress' };
  }
  return port === undefined
    ? { type: 'nx_sample', ...head }
    : { type: 'nx_sample2', ...head, sampling_port: parsePort(port) };
}

const packetTypes: Readonly<Record<string, number>> = {
  ethernet: 0,
  nsh: 0x1894f,
  mpls: 0x18847,
  mpls_mc: 0x18848,
  '': 0xfffe,
};

function packetType(text: string): number {
  const found = packetTypes[text.replace(/\(.*$/, '')];
  if (found !== undefined) return found;
  const match = /^packet_type\(ns=(\d+),type=(\w+)\)$/.exec(text);
  if (match === null) throw badText(`"${text}" is not a packet type`);
  return parseInteger(match[1]!, 0x1_0000) * 0x1_0000 + parseInteger(match[2]!, 0x1_0000);
}

function stack(type: 'nx_stack_push' | 'nx_stack_pop'): Parser {
  return (text, { version }) => {
    const { field, start, count } = parseBits(text, version);
    return { type, field, start, n_bits: count };
  };
}

function enqueue(text: string, { version }: ActionContext): readonly Action[] {
  const [port = '', queue = ''] = text.split(/[:,]/);
  const queue_id = parseInteger(queue);
  if (version === 1) return [{ type: 'enqueue', port: parsePort(port), queue_id }];
  return [
    { type: 'set_queue', queue_id },
    { type: 'output', port: parsePort(port), max_len: 0 },
    { type: 'nx_pop_queue' },
  ];
}

/** Later versions set the tag of a packet that has none only after pushing one, which 1.0 implies. */
function tagged(action: Action, { tag }: ActionContext): readonly Action[] {
  if (tag?.present === true) return [action];
  if (tag !== undefined) tag.present = true;
  return [{ type: 'push_vlan', ethertype: 0x8100 }, action];
}

function vlanId(text: string, context: ActionContext): readonly Action[] {
  const vlan = parseInteger(text, 0x1000);
  if (context.version === 1) return [{ type: 'set_vlan_vid', vlan_vid: vlan }];
  return tagged(setField('vlan_vid', BigInt(0x1000 | vlan)), context);
}

function vlanPriority(text: string, context: ActionContext): readonly Action[] {
  const priority = parseInteger(text, 8);
  if (context.version === 1) return [{ type: 'set_vlan_pcp', vlan_pcp: priority }];
  return tagged(setField('vlan_pcp', BigInt(priority)), context);
}

function pushVlan(text: string, { tag }: ActionContext): Action {
  if (tag !== undefined) tag.present = true;
  return { type: 'push_vlan', ethertype: parseInteger(text, 0x1_0000) };
}

function popVlan(_: string, { version, tag }: ActionContext): Action {
  if (tag !== undefined) tag.present = false;
  return version === 1 ? { type: 'strip_vlan' } : { type: 'pop_vlan' };
}

/** What 1.0 says with an action of Nicira's and later versions with one of their own. */
function either(old: (text: string) => Action, later: (text: string) => Action): Parser {
  return (text, { version }) => (version === 1 ? old(text) : later(text));
}

const int = parseInteger;

const parsers: Readonly<Record<string, Parser>> = {
  output,
  controller,
  enqueue,
  strip_vlan: popVlan,
  pop_vlan: popVlan,
  push_vlan: pushVlan,
  mod_vlan_vid: vlanId,
  set_vlan_vid: (text, context) =>
    context.version === 1 ? vlanId(text, context) : { type: 'set_vlan_vid', vlan_vid: int(text, 0x1000) },
  mod_vlan_pcp: vlanPriority,
  set_vlan_pcp: (text) => ({ type: 'set_vlan_pcp', vlan_pcp: int(text, 8) }),
  mod_dl_src: legacy('eth_src', macNumber, (addr) => ({ type: 'set_dl_src', addr })),
  mod_dl_dst: legacy('eth_dst', macNumber, (addr) => ({ type: 'set_dl_dst', addr })),
  mod_nw_src: legacy('ipv4_src', ipNumber, (addr) => ({ type: 'set_nw_src', addr })),
  mod_nw_dst: legacy('ipv4_dst', ipNumber, (addr) => ({ type: 'set_nw_dst', addr })),
  mod_nw_tos: (text, { version }) => {
    const tos = int(text, 256);
    return version === 1 ? { type: 'set_nw_tos', tos } : setField('ip_dscp', BigInt(tos >>> 2));
  },
  mod_nw_ecn: (text) => setField('ip_ecn', BigInt(int(text, 4))),
  mod_nw_ttl: (text) => ({ type: 'set_nw_ttl', ttl: int(text, 256) }),
  mod_tp_src: transportPort('src'),
  mod_tp_dst: transportPort('dst'),
  dec_ttl: (text, { version }) => {
    if (text !== '')
      return { type: 'nx_dec_ttl_cnt_ids', controllers: text.split(',').map((id) => int(id.trim(), 0x1_0000)) };
    return version === 1 ? { type: 'nx_dec_ttl' } : { type: 'dec_nw_ttl' };
  },
  copy_ttl_in: () => ({ type: 'copy_ttl_in' }),
  copy_ttl_out: () => ({ type: 'copy_ttl_out' }),
  push_mpls: either(
    (text) => ({ type: 'nx_push_mpls', ethertype: int(text, 0x1_0000) }),
    (text) => ({ type: 'push_mpls', ethertype: int(text, 0x1_0000) }),
  ),
  pop_mpls: either(
    (text) => ({ type: 'nx_pop_mpls', ethertype: int(text, 0x1_0000) }),
    (text) => ({ type: 'pop_mpls', ethertype: int(text, 0x1_0000) }),
  ),
  set_mpls_label: either(
    (text) => ({ type: 'nx_set_mpls_label', label: int(text, 0x10_0000) }),
    (text) => setField('mpls_label', BigInt(int(text, 0x10_0000))),
  ),
  set_mpls_tc: either(
    (text) => ({ type: 'nx_set_mpls_tc', tc: int(text, 8) }),
    (text) => setField('mpls_tc', BigInt(int(text, 8))),
  ),
  set_mpls_ttl: either(
    (text) => ({ type: 'nx_set_mpls_ttl', ttl: int(text, 256) }),
    (text) => ({ type: 'set_mpls_ttl', ttl: int(text, 256) }),
  ),
  dec_mpls_ttl: either(
    () => ({ type: 'nx_dec_mpls_ttl' }),
    () => ({ type: 'dec_mpls_ttl' }),
  ),
  set_queue: either(
    (text) => ({ type: 'nx_set_queue', queue_id: int(text) }),
    (text) => ({ type: 'set_queue', queue_id: int(text) }),
  ),
  group: either(
    (text) => ({ type: 'nx_group', group_id: int(text) }),
    (text) => ({ type: 'group', group_id: int(text) }),
  ),
  meter: (text) => ({ type: 'meter', meter_id: int(text) }),
  set_field: parseSetField,
  load,
  move,
  resubmit,
  note,
  conjunction,
  multipath,
  bundle: (text, context) => bundle(text, context, false),
  bundle_load: (text, context) => bundle(text, context, true),
  sample,
  set_tunnel: either(
    (text) => ({ type: 'nx_set_tunnel', tun_id: int(text) }),
    (text) => setField('tunnel_id', BigInt(int(text))),
  ),
  set_tunnel64: either(
    (text) => ({ type: 'nx_set_tunnel64', tun_id: parseNumber(text) }),
    (text) => setField('tunnel_id', parseNumber(text)),
  ),
  pop_queue: () => ({ type: 'nx_pop_queue' }),
  exit: () => ({ type: 'nx_exit' }),
  ct_clear: () => ({ type: 'nx_ct_clear' }),
  ct: (text, context) => parseCt(text, context, parseActions),
  clone: (text, context) => ({ type: 'nx_clone', actions: parseActions(text, context) }),
  learn: (text, { version }) => parseLearn(text, version),
  fin_timeout: finTimeout,
  push: stack('nx_stack_push'),
  pop: stack('nx_stack_pop'),
  check_pkt_larger: checkLarger,
  delete_field: (text, { version }) => ({ type: 'nx_delete_field', field: parseBits(text, version).field }),
  encap: (text) => ({ type: 'nx_encap', new_pkt_type: packetType(text) }),
  decap: (text) => ({ type: 'nx_decap', new_pkt_type: packetType(text) }),
  dec_nsh_ttl: () => ({ type: 'nx_dec_nsh_ttl' }),
  drop: () => [],
};

/** The actions that one item means. */
export function actionsOfItem(item: Item, context: ActionContext): readonly Action[] {
  const key = item.key.toLowerCase();
  const parser = parsers[key];
  if (parser !== undefined) {
    const actions = parser(item.value ?? '', context);
    return Array.isArray(actions) ? actions : [actions as Action];
  }
  if (item.value === undefined && (/^(\d+|0x[0-9a-f]+)$/.test(key) || key in ports)) {
    return [{ type: 'output', port: parsePort(key), max_len: key === 'controller' ? wholePacket : 0 }];
  }
  throw badText(`there is no action "${item.text}"`, 'ovs-actions(7) lists all');
}

/** Actions of a text in the syntax of ovs-actions(7). Throws `LC_INVALID`. */
export function parseActions(text: string, context: Partial<ActionContext> = {}): readonly Action[] {
  const full: ActionContext = { version: 4, tag: { present: false }, ...context };
  return splitItems(text).flatMap((item) => actionsOfItem(item, full));
}
