import { parseIp, parseMac } from '@linecard/wire';
import type { Action } from '../actions/index.js';
import type { FieldName } from '../fields.js';
import type { KnownField } from '../oxm.js';
import type { ActionContext, ActionParser } from './action-context.js';
import { badText, rowOf, rowOfField } from './names.js';
import { parseBits } from './subfields.js';
import { allBits, parseInteger, parseNumber, parsePort, parseValue, toBigInt, toFieldValue } from './values.js';

/** A set-field action. */
export function setField(field: FieldName, value: bigint, mask?: bigint): Action {
  const row = rowOfField(field);
  // A switch refuses bits of the value that the mask does not cover.
  const known: KnownField = { field, value: toFieldValue(row, mask === undefined ? value : value & mask) };
  return { type: 'set_field', field: mask === undefined ? known : { ...known, mask: toFieldValue(row, mask) } };
}

/** An action of OpenFlow 1.0 that later versions say as set-field. */
export function legacy(name: FieldName, parse: (text: string) => bigint, old: (value: number) => Action): ActionParser {
  return (text, { version }) => {
    const value = parse(text);
    return version === 1 ? old(Number(value)) : setField(name, value);
  };
}

export const macNumber = (text: string): bigint => toBigInt(parseMac(text));
export const ipNumber = (text: string): bigint => {
  const bytes = parseIp(text);
  if (bytes.length !== 4) throw badText(`"${text}" is not an IPv4 address`);
  return toBigInt(bytes);
};

export function transportPort(end: 'src' | 'dst'): ActionParser {
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

/** The longest run of bits that one load sets. */
const loadLimit = 64;

/** Loads of Nicira's that set the bits of a mask: those versions that have no masks in set-field need them. */
function loadsOf(field: FieldName, value: bigint, mask: bigint): readonly Action[] {
  const loads: Action[] = [];
  const width = rowOfField(field).size * 8;
  for (let start = 0; start < width; ) {
    let count = 0;
    while (count < loadLimit && ((mask >> BigInt(start + count)) & 1n) === 1n) count++;
    const part = BigInt.asUintN(count, value >> BigInt(start));
    if (count > 0) loads.push({ type: 'nx_reg_load', range: { start, count }, dst: { field }, value: part });
    start += Math.max(count, 1);
  }
  return loads;
}

export function parseSetField(text: string, { version }: ActionContext): Action | readonly Action[] {
  const arrow = text.lastIndexOf('->');
  if (arrow < 0) throw badText(`"set_field:${text}" has no "->"`, 'write it as set_field:00:11:22:33:44:55->eth_src');
  const row = rowOf(text.slice(arrow + 2).trim());
  if (row === undefined) throw badText(`there is no field "${text.slice(arrow + 2)}"`, 'ovs-fields(7) lists all');
  const { value, mask } = parseValue(row, text.slice(0, arrow));
  if (version === 6 || (version !== 1 && mask === undefined)) return setField(row.name, value, mask);
  const old = mask === undefined && version === 1 ? oldSetters[row.name] : undefined;
  if (old !== undefined) return old(Number(value));
  const all = (1n << BigInt(row.bits)) - 1n;
  return loadsOf(row.name, value, mask ?? all);
}

export function load(text: string, { version }: ActionContext): Action {
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

export function move(text: string, { version }: ActionContext): Action {
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

export function enqueue(text: string, { version }: ActionContext): readonly Action[] {
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

export function vlanId(text: string, context: ActionContext): readonly Action[] {
  const vlan = parseInteger(text, 0x1000);
  if (context.version === 1) return [{ type: 'set_vlan_vid', vlan_vid: vlan }];
  return tagged(setField('vlan_vid', BigInt(0x1000 | vlan)), context);
}

export function vlanPriority(text: string, context: ActionContext): readonly Action[] {
  const priority = parseInteger(text, 8);
  if (context.version === 1) return [{ type: 'set_vlan_pcp', vlan_pcp: priority }];
  return tagged(setField('vlan_pcp', BigInt(priority)), context);
}

export function pushVlan(text: string, { tag }: ActionContext): Action {
  if (tag !== undefined) tag.present = true;
  return { type: 'push_vlan', ethertype: parseInteger(text, 0x1_0000) };
}

export function popVlan(_: string, { version, tag }: ActionContext): Action {
  if (tag !== undefined) tag.present = false;
  return version === 1 ? { type: 'strip_vlan' } : { type: 'pop_vlan' };
}
