import { formatIp, toHex } from '@linecard/wire';
import type { Action, CtAction } from '../actions/index.js';
import type { LearnSpec } from '../actions/learn.js';
import type { NatRange } from '../actions/nat.js';
import type { ControllerProperty } from '../actions/nicira.js';
import { ALL_TABLES, DEFAULT_PRIORITY, ports } from '../messages/shared.js';
import { encodingOf, type KnownField } from '../oxm.js';
import { bitsOf, ovsName, rowOfField } from './names.js';
import { formatBits } from './subfields.js';
import { formatPort, formatValue, toBigInt, toBytes } from './values.js';

/** An action by its type. */
export type ActionOf<T extends Action['type']> = Extract<Action, { readonly type: T }>;
/** `0x1f`, and plain `0`. */
export const shortHex = (value: number | bigint): string => (BigInt(value) === 0n ? '0' : hex(value));
export const hex = (value: number | bigint, digits = 1): string => `0x${value.toString(16).padStart(digits, '0')}`;
export const dotted = (bytes: Uint8Array): string => toHex(bytes, '.');
export const mac = (value: number): string => toHex(toBytes(BigInt(value), 6), ':');
export const ip = (value: number): string => formatIp(toBytes(BigInt(value), 4));
export const wholePacket = 0xffff;

export function output(port: number, maxLength: number): string {
  if (port === ports.controller) return `CONTROLLER:${maxLength}`;
  const name = formatPort(port);
  return /^\d/.test(name) ? `output:${name}` : name;
}

export function setField(field: ActionOf<'set_field'>['field']): string {
  if (field.field === 'unknown') return `set_field:${hex(field.header, 8)}(${toHex(field.value)})`;
  const mask = field.mask === undefined ? undefined : toBigInt(field.mask);
  return `set_field:${formatValue(rowOfField(field.field), { value: toBigInt(field.value), mask })}->${ovsName(field.field)}`;
}

export function move(a: ActionOf<'nx_reg_move' | 'copy_field' | 'onf_copy_field'>, version: number): string {
  const source = formatBits(a.src, a.src_ofs ?? 0, a.n_bits, version);
  return `move:${source}->${formatBits(a.dst, a.dst_ofs ?? 0, a.n_bits, version)}`;
}

type Resubmit = ActionOf<'nx_resubmit' | 'nx_resubmit_table' | 'nx_resubmit_table_ct'>;

export function resubmit(a: Resubmit): string {
  const table = a.type === 'nx_resubmit' ? ALL_TABLES : (a.table_id ?? ALL_TABLES);
  const port = a.in_port ?? ports.in_port;
  const tracked = a.type === 'nx_resubmit_table_ct' ? ',ct' : '';
  if (table === ALL_TABLES && port !== ports.in_port && tracked === '') return `resubmit:${formatPort(port)}`;
  const words = [port === ports.in_port ? '' : formatPort(port), table === ALL_TABLES ? '' : String(table)];
  return `resubmit(${words.join(',')}${tracked})`;
}

const reasons = ['no_match', 'action', 'invalid_ttl', 'action_set', 'group', 'packet_out'];

interface ControllerText {
  readonly reason?: number;
  readonly maxLength?: number;
  readonly id?: number;
  readonly extra?: readonly string[];
}

export function controller({ reason = 1, maxLength = wholePacket, id = 0, extra = [] }: ControllerText): string {
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
      return property.meter_id === 0 ? [] : [`meter_id=${property.meter_id}`];
    case 'unknown':
      return [`unknown(${property.code})`];
    default:
      return [];
  }
}

/** The order in which ovs-ofctl writes what other controller actions do not have. */
const extraOrder: readonly ControllerProperty['type'][] = ['userdata', 'pause', 'meter_id', 'unknown'];

export function controller2(properties: readonly ControllerProperty[]): string {
  const get = <T extends ControllerProperty['type']>(type: T) =>
    properties.find((one): one is Extract<ControllerProperty, { readonly type: T }> => one.type === type);
  return controller({
    reason: get('reason')?.reason ?? 1,
    maxLength: get('max_len')?.max_len ?? wholePacket,
    id: get('controller_id')?.controller_id ?? 0,
    extra: extraOrder.flatMap((type) => properties.filter((one) => one.type === type).flatMap(extraOf)),
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

export function nat({ flags = 0, range = {} }: ActionOf<'nx_nat'>): string {
  if (flags === 0) return 'nat';
  const ports = range.proto_min === undefined ? '' : `:${range.proto_min}`;
  const last = range.proto_max === undefined ? '' : `-${range.proto_max}`;
  const place = natAddress(range) + ports + last;
  const direction = (flags & 1) !== 0 ? 'src' : (flags & 2) !== 0 ? 'dst' : '';
  if (place === '') return `nat(${direction})`;
  const options = ['persistent', 'hash', 'random'].filter((_, i) => (flags & (4 << i)) !== 0);
  return `nat(${[`${direction}=${place}`, ...options].join(',')})`;
}

const helpers: Readonly<Record<number, string>> = { 21: 'ftp', 69: 'tftp' };

function ctZone({ zone = 0, zone_src }: CtAction, version: number): string[] {
  if (zone_src !== undefined && (zone_src.field !== 'unknown' || (zone_src.header ?? 0) !== 0)) {
    return [`zone=${formatBits(zone_src, zone >>> 6, (zone & 0x3f) + 1, version)}`];
  }
  return zone === 0 ? [] : [`zone=${zone}`];
}

export function ct(a: CtAction, version: number, formatInner: (actions: readonly Action[]) => string): string {
  const { flags = 0, recirc_table = 255, alg = 0, actions = [] } = a;
  const inner = actions.filter((one) => one.type !== 'nx_nat');
  const parts = [
    ...((flags & 1) === 0 ? [] : ['commit']),
    ...((flags & 2) === 0 ? [] : ['force']),
    ...(recirc_table === 255 ? [] : [`table=${recirc_table}`]),
    ...ctZone(a, version),
    ...actions.filter((one) => one.type === 'nx_nat').map((one) => nat(one)),
    ...(inner.length === 0 ? [] : [`exec(${formatInner(inner)})`]),
    ...(alg === 0 ? [] : [`alg=${helpers[alg] ?? alg}`]),
  ];
  return `ct(${parts.join(',')})`;
}

function learnSource(spec: LearnSpec, version: number): string {
  if (spec.source instanceof Uint8Array) return shortHex(toBigInt(spec.source));
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

export function learn(a: ActionOf<'nx_learn' | 'nx_learn2'>, version: number): string {
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

export function sample(a: ActionOf<'nx_sample' | 'nx_sample2' | 'nx_sample3'>): string {
  const port =
    a.type === 'nx_sample' || a.sampling_port === ports.any ? '' : `,sampling_port=${formatPort(a.sampling_port)}`;
  const direction = a.type !== 'nx_sample3' || a.direction === 'default' ? '' : `,${a.direction}`;
  const ids = `collector_set_id=${a.collector_set_id ?? 0},obs_domain_id=${a.obs_domain_id ?? 0},obs_point_id=${a.obs_point_id ?? 0}`;
  return `sample(probability=${a.probability},${ids}${port}${direction})`;
}
